"""markdown-it-py renders a document of this repository, with tables, to HTML."""

from pathlib import Path
from zlib import crc32

from markdown_it import MarkdownIt

DOCUMENT = (Path(__file__).parent / "data/document.md").read_text(encoding="utf-8")

renderer = MarkdownIt("commonmark").enable("table")


def run():
    for _ in range(4):
        html = renderer.render(DOCUMENT)
    return len(html), html.count("<code>"), crc32(html.encode())


EXPECTED = (5892, 56, 1297185595)
