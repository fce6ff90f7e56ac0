"""Sections for a terminal and for Markdown."""


def terminal(heading, sections):
    lines = [f"{what}: {value}" for what, value in heading]
    for section in sections:
        lines += ["", section.title, section.note, *columns(section), *section.remarks]
    return "\n".join(lines) + "\n"


def columns(section):
    table = [section.header, *section.rows]
    widths = [max(len(str(row[i])) for row in table) for i in range(len(section.header))]
    left = leading_words(section)
    for row in table:
        cells = [
            str(value).ljust(width) if section.words or i < left else str(value).rjust(width)
            for i, (value, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(cells).rstrip()


def leading_words(section):
    """How many of the first columns are names, not numbers."""
    return 2 if "interpreter" in section.header else 1


def markdown(heading, sections):
    lines = [f"- {what}: {escaped(value)}" for what, value in heading]
    for section in sections:
        left = leading_words(section)
        rule = ["---"] * left + ["---:"] * (len(section.header) - left)
        lines += ["", f"### {section.title}", "", section.note, ""]
        lines += [row(section.header), row(rule), *(row(cells) for cells in section.rows)]
        if section.remarks:
            lines += ["", *(f"- {escaped(remark)}" for remark in section.remarks)]
    return "\n".join(lines) + "\n"


def row(cells):
    return "| " + " | ".join(escaped(str(cell)) for cell in cells) + " |"


def escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;")
