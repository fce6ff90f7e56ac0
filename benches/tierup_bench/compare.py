"""What changed between two results."""

from tierup_bench import derive, stats
from tierup_bench.sections import TITLES, Section


def compare(before, after):
    """A section per timed suite in both: Tierup's speedups then and now. JSON-ready dicts too."""
    found, data = [], {}
    for name in derive.TIMED:
        if name in before["suites"] and name in after["suites"]:
            changes = list(suite_changes(before["suites"][name], after["suites"][name]))
            data[name] = changes
            found.append(section(TITLES[name], changes))
    return found, data


def suite_changes(before, after):
    old = {program: figures for program, _, figures in derive.rows(before)}
    new = {program: figures for program, _, figures in derive.rows(after)}
    for program in sorted(old.keys() | new.keys()):
        a = old.get(program, {}).get("tierup")
        b = new.get(program, {}).get("tierup")
        change = {"program": program, "verdict": verdict(a, b)}
        for kind in ("warm", "first_loop"):
            pair = [getattr(f, kind).value if f and getattr(f, kind) else None for f in (a, b)]
            change[kind] = [*pair, pair[1] / pair[0] if all(pair) else None]
        change["instructions"] = instructions(before, after, program)
        yield change


def instructions(before, after, program):
    """Tierup's own instructions per later loop: then, now, and the ratio then / now."""
    counts = [
        suite.get("instructions", {}).get(program, {}).get("tierup", {}).get("later")
        for suite in (before, after)
    ]
    return [*counts, counts[0] / counts[1] if all(counts) else None]


def verdict(before, after):
    if before is None or after is None:
        return "only before" if after is None else "new"
    if before.error or after.error:
        return {(True, False): "runs now", (False, True): "FAILS now"}.get(
            (bool(before.error), bool(after.error)), "fails"
        )
    # Quartiles that do not overlap: half of the samples of one lie beyond half of the other's.
    if after.warm.low > before.warm.high:
        return "faster"
    if after.warm.high < before.warm.low:
        return "slower"
    return "same"


def section(title, changes):
    def pair(change, kind):
        old, new, ratio = change[kind]
        return [number(old), number(new), number(ratio)]

    ratios = [c["warm"][2] for c in changes if c["warm"][2]]
    rows = [
        [
            c["program"],
            c["verdict"],
            *pair(c, "warm"),
            *pair(c, "first_loop")[2:],
            number(c["instructions"][2]),
        ]
        for c in sorted(changes, key=lambda c: c["warm"][2] or 0)
    ]
    if ratios:
        rows.append(
            [
                "geometric mean",
                f"of {len(ratios)}",
                "",
                "",
                number(stats.geometric_mean(ratios)),
                "",
                "",
            ]
        )
    return Section(
        title,
        "Tierup's speedup over plain CPython, before and after; above 1 it got faster. 'same' where the"
        " quartiles overlap. The last column is of instruction counts, where both results have them.",
        [
            "program",
            "verdict",
            "before",
            "after",
            "warm, ratio",
            "first loop, ratio",
            "instructions, ratio",
        ],
        rows,
    )


def number(value):
    return "" if value is None else f"{value:.2f}"
