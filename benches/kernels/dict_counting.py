"""Counting in dicts with integer, string and tuple keys."""

N = 250_000


def run():
    by_number = {}
    by_word = {}
    by_pair = {}
    words = [f"word{n}" for n in range(97)]
    state = 12345
    for _ in range(N):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        n = state >> 16
        key = n % 1009
        by_number[key] = by_number.get(key, 0) + 1
        word = words[n % 97]
        if word in by_word:
            by_word[word] += 1
        else:
            by_word[word] = 1
        if n % 4 == 0:
            pair = n % 5, n % 7
            by_pair[pair] = by_pair.get(pair, 0) + 1
    return len(by_number), max(by_number.values()), by_word["word13"], by_pair[3, 5]


EXPECTED = (1009, 298, 2668, 1758)
