"""Charts as inline SVG, no scripts: bars on a log scale, and lines over time."""

import math
from html import escape

# Told apart by most colour-blind readers (Okabe and Ito), in the order of contestants.
COLOURS = {
    "plain": "#777777",
    "tierup": "#d55e00",
    "cpython-jit": "#56b4e9",
    "cpython-3.15-jit": "#0072b2",
    "pypy": "#009e73",
    "cinderx": "#cc79a7",
    "gcc": "#e69f00",
}
WIDTH = 900
LABELS = 190


def legend(names, titles):
    items = (
        f'<span class="key"><i style="background:{COLOURS[name]}"></i>{escape(titles[name])}</span>'
        for name in names
    )
    return f'<p class="legend">{"".join(items)}</p>'


def bars(groups, names):
    """``groups``: pairs (program, speedups by contestant or None). 1.0 is marked."""
    values = [v.value for _, speedups in groups for v in speedups.values() if v]
    low, high = bounds(values)
    thick, gap = 9, 8
    height = len(groups) * (len(names) * thick + gap) + 24

    def x(value):
        share = math.log(value / low) / math.log(high / low)
        return LABELS + share * (WIDTH - LABELS - 60)

    out = []
    for tick in ticks(low, high):
        kind = "one" if tick == 1 else "grid"
        out.append(
            f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="16" y2="{height}"/>'
        )
        out.append(text(x(tick), 11, f"{tick:g}", "middle"))
    y = 22
    for program, speedups in groups:
        middle = y + len(names) * thick / 2 + 4
        out.append(text(LABELS - 8, middle, program, "end"))
        for name in names:
            speedup = speedups.get(name)
            if speedup:
                out.append(bar(x, y, thick, name, program, speedup))
            y += thick
        y += gap
    return svg(height, out)


def bar(x, y, thick, name, program, speedup):
    start, end = sorted((x(1), x(speedup.value)))
    title = f"{program}, {name}: {speedup.value:.2f} ({speedup.low:.2f}–{speedup.high:.2f})"
    whisker = y + (thick - 1) / 2
    return (
        f'<g><title>{escape(title)}</title><rect x="{start:.1f}" y="{y}" width="{max(end - start, 0.7):.1f}"'
        f' height="{thick - 1}" fill="{COLOURS[name]}"/>'
        f'<line class="spread" x1="{x(speedup.low):.1f}" x2="{x(speedup.high):.1f}" y1="{whisker}" y2="{whisker}"/>'
        f"{text(max(end, x(1), x(speedup.high)) + 4, y + thick - 1, f'{speedup.value:.2f}')}</g>"
    )


def bounds(values):
    low = min([*values, 0.5])
    high = max([*values, 2])
    return low / 1.1, high * 1.1


def ticks(low, high):
    """1, 2, 5 of each power of ten between; fewer where many powers are."""
    steps = (1, 2, 5) if high / low < 300 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        step * 10.0**power
        for power in powers
        for step in steps
        if low <= step * 10.0**power <= high
    ]


def lines(series, unit, marks=(), log=False, height=200):
    """``series``: (contestant, points (x, y)). ``marks``: (x, text), drawn as ticks at the bottom."""
    points = [point for _, curve in series for point in curve]
    if not points:
        return ""
    right = max(x for x, _ in points)
    values = [y for _, y in points if y > 0] or [1]
    low, high = (min(values) / 1.1, max(values) * 1.1) if log else (0, max(values) * 1.05)
    bottom = height - 22

    def at(px, py):
        share = math.log(py / low) / math.log(high / low) if log else py / high
        return LABELS / 2 + px / right * (WIDTH - LABELS / 2 - 20), bottom - share * (bottom - 16)

    out = []
    for tick in ticks(low, high) if log else even(high):
        _, y = at(0, tick)
        out.append(
            f'<line class="grid" x1="{LABELS / 2}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        out.append(text(LABELS / 2 - 6, y + 4, f"{tick:g} {unit}", "end"))
    for tick in even(right):
        out.append(text(at(tick, high)[0], height - 6, f"{tick:g} s", "middle"))
    for when, what in marks:
        if 0 <= when <= right:
            x, _ = at(when, high)
            out.append(
                f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom - 6}" y2="{bottom}">'
                f"<title>{escape(f'{when:.3f} s: {what}')}</title></line>"
            )
    for name, curve in series:
        path = " ".join(
            "{:.1f},{:.1f}".format(*at(x, y)) for x, y in thinned(curve) if y > 0 or not log
        )
        out.append(
            f'<polyline points="{path}" stroke="{COLOURS[name]}"><title>{name}</title></polyline>'
        )
    return svg(height, out)


def thinned(curve, most=500):
    step = max(1, len(curve) // most)
    return curve[::step]


def even(top):
    """Round numbers from zero to the top, about five."""
    if top <= 0:
        return [0]
    raw = top / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw)
    return [round(n * step, 10) for n in range(int(top / step) + 1)]


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(str(words))}</text>'


def svg(height, parts):
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">{"".join(parts)}</svg>'
