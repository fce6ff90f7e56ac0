"""A report on the words of a text.

    word_report.py [REPEATS [FILE]]

Reads FILE (harbour.txt beside this script if not given) REPEATS times over, as if it were one
long text, and prints the most frequent words, their companions and the ease of reading.
"""

import sys
from pathlib import Path

STOP_WORDS_TEXT = (
    "a an and are as at be been but by for from had has have he her his if in into is "
    "it its no not of on one or she so than that the their them then there they this "
    "to up was were when which who will with would"
)
STOP_WORDS = frozenset(STOP_WORDS_TEXT.split())
VOWELS = frozenset("aeiouy")


def sentences(text):
    """Yield each sentence as a list of lower-case words."""
    words = []
    word = []
    for char in text + " ":
        if char.isalpha() or (char == "'" and word):
            word.append(char)
            continue
        if word:
            words.append("".join(word).lower().rstrip("'"))
            word.clear()
        if char in ".!?" and words:
            yield words
            words = []
    if words:
        yield words


def count_syllables(word):
    count = 0
    after_vowel = False
    for char in word:
        vowel = char in VOWELS
        if vowel and not after_vowel:
            count += 1
        after_vowel = vowel
    if word.endswith("e") and not word.endswith("le") and count > 1:
        count -= 1
    return max(count, 1)


class Report:
    def __init__(self):
        self.frequency = {}
        self.pairs = {}
        self.sentences = 0
        self.syllables = 0
        self.longest = []

    def add(self, sentence):
        self.sentences += 1
        if len(sentence) > len(self.longest):
            self.longest = sentence
        previous = None
        for word in sentence:
            self.frequency[word] = self.frequency.get(word, 0) + 1
            self.syllables += count_syllables(word)
            if word in STOP_WORDS:
                continue
            if previous is not None:
                pair = previous, word
                self.pairs[pair] = self.pairs.get(pair, 0) + 1
            previous = word

    @property
    def words(self):
        return sum(self.frequency.values())

    @property
    def reading_ease(self):
        """Flesch's formula: 100 is very easy, 0 very hard."""
        per_sentence = self.words / self.sentences
        per_word = self.syllables / self.words
        return 206.835 - 1.015 * per_sentence - 84.6 * per_word

    def most_frequent(self, limit):
        ranked = (item for item in self.frequency.items() if item[0] not in STOP_WORDS)
        return sorted(ranked, key=lambda item: (-item[1], item[0]))[:limit]

    def companions(self, word, limit):
        found = {}
        for (left, right), count in self.pairs.items():
            if word in (left, right):
                other = right if left == word else left
                found[other] = found.get(other, 0) + count
        return sorted(found, key=lambda other: (-found[other], other))[:limit]

    def print(self):
        print(f"{self.words} words, {len(self.frequency)} different, {self.sentences} sentences")
        print(f"reading ease {self.reading_ease:.1f}")
        print(f"longest sentence: {len(self.longest)} words, from {' '.join(self.longest[:5])!r}")
        for word, count in self.most_frequent(10):
            print(f"{count:8}  {word:<12} {', '.join(self.companions(word, 3))}")


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 1600
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("harbour.txt")
    text = path.read_text(encoding="utf-8")
    report = Report()
    for _ in range(repeats):
        for sentence in sentences(text):
            report.add(sentence)
    report.print()
    letters_only = "".join(c if c.isalpha() or c == "'" else " " for c in text)
    if report.words != repeats * len(letters_only.split()):
        sys.exit("words were lost")


if __name__ == "__main__":
    main()
