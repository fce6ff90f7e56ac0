"""One self-contained HTML page of a result."""

from html import escape

from tierup_bench import charts, derive
from tierup_bench.sections import TITLES, heading, sections
from tierup_bench.text import leading_words

STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 960px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1em 0; }
td, th { padding: .15em .7em; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td.word, th.word { text-align: left; }
.wide { overflow-x: auto; }
svg { max-width: 100%; height: auto; display: block; }
svg text { font-size: 10px; fill: currentColor; }
line.grid { stroke: var(--line); } line.one { stroke: currentColor; stroke-width: 1.5; }
line.spread { stroke: currentColor; stroke-opacity: .6; } line.mark { stroke: #d55e00; }
polyline { fill: none; stroke-width: 1.4; }
.key { margin-right: 1.2em; white-space: nowrap; }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
dt { float: left; clear: left; width: 13em; font-weight: 600; } dd { margin-left: 13.5em; }
"""


def page(result):
    titles = {c["name"]: c["title"] for c in result["contestants"]}
    parts = ["<h1>Tierup benchmarks</h1>", definitions(heading(result))]
    parts.append("<h2>Geometric means</h2>" + overview(result, titles))
    for name, suite in result["suites"].items():
        parts.append(f"<h2>{TITLES[name]}</h2>")
        if name in derive.TIMED:
            parts.append(speedup_chart(suite, titles))
        elif name == "startup":
            parts.append(startup_chart(suite, titles))
        elif name == "warmup":
            parts.append(warmup_charts(suite, titles))
        else:
            parts.append(memory_charts(suite, titles))
        one = {**result, "suites": {name: suite}}
        parts += [table(section) for section in sections(one)]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Tierup benchmarks, {escape(result['date'])}</title><style>{STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def definitions(pairs):
    items = "".join(f"<dt>{escape(what)}</dt><dd>{escape(value)}</dd>" for what, value in pairs)
    return f"<dl>{items}</dl>"


def cell(tag, text, is_word):
    kind = ' class="word"' if is_word else ""
    return f"<{tag}{kind}>{escape(str(text))}</{tag}>"


def table(section):
    left = leading_words(section)

    def row(cells, tag):
        return "".join(
            ["<tr>", *(cell(tag, text, i < left) for i, text in enumerate(cells)), "</tr>"]
        )

    rows = "".join(row(cells, "td") for cells in section.rows)
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in section.remarks)
    return (
        f"<details open><summary><b>{escape(section.title)}</b></summary><p>{escape(section.note)}</p>"
        f'<div class="wide"><table>{row(section.header, "th")}{rows}</table></div>'
        f"{f'<ul>{remarks}</ul>' if remarks else ''}</details>"
    )


def overview(result, titles):
    """One bar per suite and contestant: warm."""
    groups = []
    for name, suite in result["suites"].items():
        if name not in derive.TIMED:
            continue
        rows = list(derive.rows(suite))
        means = {
            other: derive.mean(
                [figures[other] for _, _, figures in rows if other in figures], "warm"
            )
            for other in titles
            if other not in (derive.YARDSTICK, "gcc")
        }
        groups.append(
            (
                TITLES[name],
                {k: derive.Speedup(m.value, m.value, m.value) for k, m in means.items() if m},
            )
        )
    return chart(groups, titles) if groups else "<p>No timed suite in this result.</p>"


def speedup_chart(suite, titles):
    groups = [
        (program, {k: f.warm for k, f in figures.items()})
        for program, _, figures in derive.rows(suite)
    ]
    return "<p>Speedup over plain CPython, warm; log scale.</p>" + chart(groups, titles)


def startup_chart(suite, titles):
    rows = derive.startup_rows(suite["commands"])
    groups = [
        (name, {k: v for k, v in figures.items() if isinstance(v, derive.Speedup)})
        for name, _, figures in rows
    ]
    return "<p>Speedup over plain CPython, whole process; log scale.</p>" + chart(groups, titles)


def chart(groups, titles):
    names = [
        n
        for n in titles
        if n != derive.YARDSTICK and any(speedups.get(n) for _, speedups in groups)
    ]
    return charts.legend(names, titles) + charts.bars(groups, names)


def warmup_charts(suite, titles):
    parts = ["<p>Milliseconds per loop over the time since process start. Ticks: Tierup's log.</p>"]
    for program, traces in suite["traces"].items():
        series = [
            (name, [(p["at"], p["seconds"] / p["loops"] * 1e3) for p in trace["points"]])
            for name, trace in traces.items()
            if "error" not in trace
        ]
        marks = traces.get("tierup", {}).get("compiled", [])
        parts.append(f"<h3>{escape(program)}</h3>" + charts.legend([n for n, _ in series], titles))
        parts.append(charts.lines(series, "ms", marks, log=True))
    return "".join(parts)


def memory_charts(suite, titles):
    parts = [
        "<p>Resident memory over the time since process start; below, Tierup's machine code.</p>"
    ]
    for program, traces in suite["traces"].items():
        good = {name: trace for name, trace in traces.items() if "error" not in trace}
        series = [
            (name, [(p["at"], p["resident"] / 1e6) for p in trace["points"]])
            for name, trace in good.items()
        ]
        parts.append(f"<h3>{escape(program)}</h3>" + charts.legend(list(good), titles))
        parts.append(charts.lines(series, "MB"))
        code = [
            (p["at"], derive.code_bytes(p) / 1024)
            for p in good.get("tierup", {"points": []})["points"]
            if derive.code_bytes(p) is not None
        ]
        parts.append(charts.lines([("tierup", code)], "KiB", height=110) if code else "")
    return "".join(parts)
