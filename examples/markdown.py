"""A converter from a useful part of Markdown to HTML.

    markdown.py [REPEATS [FILE]]

Converts FILE (sample.md beside this script if not given) REPEATS times over, prints the first
lines of the HTML and its size, and checks that every element that is opened is closed.
"""

import re
import sys
from pathlib import Path

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
BULLET = re.compile(r"(\s*)[-*+]\s+(.*)$")
NUMBER = re.compile(r"(\s*)\d+[.)]\s+(.*)$")
RULE = re.compile(r"\s*([-*_])(\s*\1){2,}\s*$")


def escape(text):
    return "".join([ESCAPES.get(char, char) for char in text])


class Inline:
    """Converts the text of one paragraph, character by character."""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def convert(self, until=""):
        out = []
        while self.at < len(self.text):
            if until and self.text.startswith(until, self.at):
                return "".join(out)
            out.append(self.next_piece())
        return "".join(out)

    def next_piece(self):
        char = self.text[self.at]
        if char == "\\" and self.at + 1 < len(self.text):
            self.at += 2
            return escape(self.text[self.at - 1])
        if char == "`":
            return self.code() or self.literal()
        if char == "*":
            return self.emphasis("**", "strong") or self.emphasis("*", "em") or self.literal()
        if char == "[":
            return self.link() or self.literal()
        return self.literal()

    def literal(self):
        self.at += 1
        return escape(self.text[self.at - 1])

    def code(self):
        end = self.text.find("`", self.at + 1)
        if end < 0:
            return None
        content = self.text[self.at + 1 : end]
        self.at = end + 1
        return f"<code>{escape(content)}</code>"

    def emphasis(self, mark, tag):
        start = self.at
        inner = start + len(mark)
        opens = self.text.startswith(mark, start) and not self.text[inner : inner + 1].isspace()
        if not opens or self.text.find(mark, inner) < 0:
            return None
        self.at = inner
        content = self.convert(until=mark)
        if not content or not self.text.startswith(mark, self.at):
            self.at = start
            return None
        self.at += len(mark)
        return f"<{tag}>{content}</{tag}>"

    def link(self):
        middle = self.text.find("](", self.at)
        end = self.text.find(")", middle)
        if middle < 0 or end < 0:
            return None
        label = Inline(self.text[self.at + 1 : middle]).convert()
        target = self.text[middle + 2 : end]
        self.at = end + 1
        return f'<a href="{escape(target)}">{label}</a>'


class Converter:
    def __init__(self, text):
        self.lines = text.splitlines()
        self.at = 0
        self.out = []

    def convert(self):
        while self.at < len(self.lines):
            self.block(self.lines[self.at])
        return "\n".join(self.out) + "\n"

    def block(self, line):
        if not line.strip():
            self.at += 1
        elif line.startswith("```"):
            self.fence(line[3:].strip())
        elif heading := HEADING.match(line):
            level = len(heading[1])
            self.out.append(f"<h{level}>{Inline(heading[2]).convert()}</h{level}>")
            self.at += 1
        elif RULE.match(line):
            self.out.append("<hr>")
            self.at += 1
        elif line.startswith(">"):
            self.quote()
        elif BULLET.match(line):
            self.list("ul", BULLET)
        elif NUMBER.match(line):
            self.list("ol", NUMBER)
        elif self.at + 1 < len(self.lines) and self.is_table_rule(self.lines[self.at + 1]):
            self.table()
        else:
            self.paragraph()

    def fence(self, language):
        self.at += 1
        code = []
        while self.at < len(self.lines) and not self.lines[self.at].startswith("```"):
            code.append(escape(self.lines[self.at]) + "\n")
            self.at += 1
        self.at += 1
        attribute = f' class="language-{escape(language)}"' if language else ""
        self.out.append(f"<pre><code{attribute}>{''.join(code)}</code></pre>")

    def quote(self):
        inner = []
        while self.at < len(self.lines) and self.lines[self.at].startswith(">"):
            inner.append(self.lines[self.at][1:].removeprefix(" "))
            self.at += 1
        self.out.append("<blockquote>")
        self.out.append(Converter("\n".join(inner)).convert().rstrip("\n"))
        self.out.append("</blockquote>")

    def list(self, tag, pattern):
        indent = len(pattern.match(self.lines[self.at])[1])
        self.out.append(f"<{tag}>")
        while self.at < len(self.lines):
            item = pattern.match(self.lines[self.at])
            if not item or len(item[1]) != indent:
                break
            self.at += 1
            self.out.append(f"<li>{Inline(item[2]).convert()}")
            for nested_tag, nested in (("ul", BULLET), ("ol", NUMBER)):
                deeper = self.at < len(self.lines) and nested.match(self.lines[self.at])
                if deeper and len(deeper[1]) > indent:
                    self.list(nested_tag, nested)
            self.out.append("</li>")
        self.out.append(f"</{tag}>")

    @staticmethod
    def is_table_rule(line):
        return "|" in line and not line.strip(" |:-") and "-" in line

    def table(self):
        def row(line, tag):
            cells = line.strip().strip("|").split("|")
            content = "".join(f"<{tag}>{Inline(cell.strip()).convert()}</{tag}>" for cell in cells)
            self.out.append(f"<tr>{content}</tr>")

        self.out.append("<table>")
        row(self.lines[self.at], "th")
        self.at += 2
        while self.at < len(self.lines) and "|" in self.lines[self.at]:
            row(self.lines[self.at], "td")
            self.at += 1
        self.out.append("</table>")

    def paragraph(self):
        lines = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            starts_block = line.startswith(("```", ">", "#")) or BULLET.match(line)
            if not line.strip() or (lines and starts_block):
                break
            lines.append(line.strip())
            self.at += 1
        self.out.append(f"<p>{Inline(' '.join(lines)).convert()}</p>")


def unbalanced(html):
    """Return the first tag that is closed wrongly or never, or None."""
    stack = []
    for closing, tag in re.findall(r"<(/?)([a-z0-9]+)[^>]*>", html):
        if tag == "hr":
            continue
        if not closing:
            stack.append(tag)
        elif not stack or stack.pop() != tag:
            return tag
    return stack[-1] if stack else None


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("sample.md")
    text = path.read_text(encoding="utf-8")
    size = 0
    for _ in range(repeats):
        html = Converter(text).convert()
        size += len(html)
    print("\n".join(html.splitlines()[:12]))
    print(f"... {size} characters of HTML")
    if tag := unbalanced(html):
        sys.exit(f"<{tag}> is not balanced")


if __name__ == "__main__":
    main()
