"""What the documentation shows is what there is to see."""

import re

from conftest import ROOT

ADDRESS = re.compile(r"0x[0-9a-f]+|\b[0-9A-F]{16}h")


def blocks(text):
    return re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)


def lines(text):
    """Its lines without addresses, which differ from run to run."""
    return [ADDRESS.sub("@", line).rstrip() for line in text.splitlines()]


def test_the_trace_that_is_read_is_real(python, tmp_path):
    shown = blocks((ROOT / "docs/reading-a-trace.md").read_text())
    [program] = [text for language, text in shown if language == "python"]
    (tmp_path / "squares.py").write_text(program)
    variables = {"TIERUP_DUMP": "trace,opt,asm,exits", "TIERUP_LOG": "stderr"}
    result = python("-m", "tierup", "squares.py", **variables)
    assert result.stdout == "332833500\n"
    printed = {line.removeprefix("tierup: ") for line in lines(result.stderr)}
    told = [line for language, text in shown if not language for line in lines(text)]
    assert len(told) > 50
    assert [line for line in told if line.strip() != "..." and line not in printed] == []
