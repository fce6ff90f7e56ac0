"""What a result says, as titled tables; terminal, Markdown and HTML show the same ones."""

from dataclasses import dataclass, field

from tierup_bench import derive
from tierup_bench.derive import Speedup

TITLES = {
    "kernels": "Kernels",
    "real": "Real programs",
    "pyperformance": "pyperformance",
    "startup": "Startup",
    "warmup": "Warm-up",
    "memory": "Memory",
}


@dataclass
class Section:
    title: str
    note: str
    header: list
    rows: list
    # Lines under the table.
    remarks: list = field(default_factory=list)
    # Whether all columns are words, not numbers.
    words: bool = False


def sections(result):
    titles = {c["name"]: c["title"] for c in result["contestants"]}
    for name, suite in result["suites"].items():
        if name in derive.TIMED:
            yield from timed(TITLES[name], suite, titles)
        elif name == "startup":
            yield startup(suite, titles)
        elif name == "warmup":
            yield warmup(suite, titles)
        elif name == "memory":
            yield memory(suite, titles)


def timed(title, suite, titles):
    rows = list(derive.rows(suite))
    others = [
        name for name in titles if name != derive.YARDSTICK and any(name in r[2] for r in rows)
    ]
    yield Section(
        f"{title}: warm",
        "Speedup over plain CPython after warm-up: median of paired rounds (quartiles).",
        ["program", "plain, ms", *(titles[name] for name in others)],
        [
            [program, milliseconds(seconds), *(cell(f.get(name), "warm", True) for name in others)]
            for program, seconds, f in rows
        ]
        + [["geometric mean", "", *(mean_cell(rows, name, "warm") for name in others)]],
        remarks(rows, titles),
    )
    cold = [name for name in others if name != "gcc"]
    yield Section(
        f"{title}: cold",
        "Speedup over plain CPython in a fresh process: of the first loop, and of the work done in"
        " the first second of looping. Compilation is included.",
        ["program"] + [f"{titles[name]}, {what}" for name in cold for what in ("loop", "second")],
        [
            [program]
            + [cell(f.get(name), kind) for name in cold for kind in ("first_loop", "first_second")]
            for program, _, f in rows
        ]
        + [
            ["geometric mean"]
            + [
                mean_cell(rows, name, kind)
                for name in cold
                for kind in ("first_loop", "first_second")
            ]
        ],
    )
    if "instructions" in suite:
        counted = [
            name for name in others if any(r[2].get(name) and r[2][name].instructions for r in rows)
        ]
        kinds = ("first_instructions", "instructions")
        yield Section(
            f"{title}: instructions",
            "Plain CPython's instructions over the other's, in the first loop and in a later one: a"
            " figure that noise cannot move, and that knows nothing of caches and branches.",
            ["program"]
            + [f"{titles[name]}, {what}" for name in counted for what in ("first", "later")],
            [
                [program] + [cell(f.get(name), kind) for name in counted for kind in kinds]
                for program, _, f in rows
            ]
            + [
                ["geometric mean"]
                + [mean_cell(rows, name, kind) for name in counted for kind in kinds]
            ],
        )


def remarks(rows, titles):
    lines = []
    ours = [
        (f["tierup"].warm.value, program)
        for program, _, f in rows
        if f.get("tierup") and f["tierup"].warm
    ]
    if ours:
        ours.sort()
        slower = sum(value < 1 for value, _ in ours)
        lines.append(f"Tierup at its best: {listed(ours[:-6:-1])}")
        lines.append(f"Tierup at its worst: {listed(ours[:5])}")
        lines.append(f"Tierup is slower than plain CPython in {slower} of {len(ours)}")
    for program, _, figures in rows:
        for name, figure in figures.items():
            if figure.error and (name == derive.YARDSTICK or not figures[derive.YARDSTICK].error):
                lines.append(f"{program} does not run under {titles[name]}: {figure.error}")
    return lines


def listed(pairs):
    return ", ".join(f"{program} {value:.2f}" for value, program in pairs)


def startup(suite, titles):
    rows = list(derive.startup_rows(suite["commands"]))
    names = [name for name in titles if name != derive.YARDSTICK and name in rows[0][2]]
    return Section(
        "Startup",
        "Speedup over plain CPython, whole process. Tierup is on from the start; in the rows named"
        " after it, it is off until the command says so, and plain CPython runs `pass`.",
        ["command", "plain, ms", *(titles[name] for name in names)],
        [
            [command, milliseconds(seconds), *(speedup_or_error(f.get(name)) for name in names)]
            for command, seconds, f in rows
        ],
    )


def warmup(suite, titles):
    rows = []
    for program, traces in suite["traces"].items():
        for name, trace in traces.items():
            if "error" in trace:
                rows.append([program, titles[name], trace["error"], "", "", "", ""])
                continue
            tiers = derive.tiers(trace)
            rows.append(
                [
                    program,
                    titles[name],
                    milliseconds(trace["points"][0]["seconds"]),
                    milliseconds(derive.settled(trace)),
                    seconds_or_dash(derive.when_within(trace)),
                    seconds_or_dash(tiers.get("tier 1")),
                    seconds_or_dash(tiers.get("machine code")),
                ]
            )
    return Section(
        "Warm-up",
        "One fresh process each. Seconds are from process start: to the end of the first iteration"
        " within 10% of the settled time, and of the first one by which each of Tierup's tiers ran.",
        [
            "program",
            "interpreter",
            "first, ms",
            "settled, ms",
            "settled at, s",
            "tier 1, s",
            "machine code, s",
        ],
        rows,
    )


def memory(suite, titles):
    rows = []
    for program, traces in suite["traces"].items():
        for name, trace in traces.items():
            if "error" in trace:
                rows.append([program, titles[name], trace["error"], "", ""])
                continue
            last = trace["points"][-1]
            code = derive.code_bytes(last)
            rows.append(
                [
                    program,
                    titles[name],
                    megabytes(trace["resident"]),
                    megabytes(max(p["resident"] for p in trace["points"])),
                    f"{code / 1024:.1f}" if code else "",
                ]
            )
    return Section(
        "Memory",
        "Resident memory when the program is loaded, and the most seen after an iteration; bytes of"
        " machine code in use at the end.",
        ["program", "interpreter", "loaded, MB", "most, MB", "code, KiB"],
        rows,
    )


def milliseconds(seconds):
    return (
        "" if seconds is None else f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"
    )


def seconds_or_dash(seconds):
    return "–" if seconds is None else f"{seconds:.2f}"


def megabytes(count):
    return f"{count / 1e6:.1f}"


def cell(figures, kind, spread=False):
    if figures is None:
        return ""
    if figures.error:
        return "failed"
    value = getattr(figures, kind)
    if value is None:
        return ""
    if not isinstance(value, Speedup):
        return f"{value:.2f}"
    if spread:
        return f"{value.value:.2f} ({value.low:.2f}–{value.high:.2f})"
    return f"{value.value:.2f}"


def mean_cell(rows, name, kind):
    figures = [f[name] for _, _, f in rows if name in f]
    mean = derive.mean(figures, kind)
    if mean is None:
        return ""
    return (
        f"{mean.value:.2f}"
        if mean.over == mean.of
        else f"{mean.value:.2f} ({mean.over} of {mean.of})"
    )


def speedup_or_error(value):
    if isinstance(value, Speedup):
        return f"{value.value:.2f} ({value.low:.2f}–{value.high:.2f})"
    return "" if value is None else "failed"


def heading(result):
    """Lines that place the figures: pairs (what, value)."""
    for part in [result, *result.get("others", ())]:
        yield "Command", part["command"]
        state = " with local changes" if part["modified"] else ""
        load = f"load at the start {part['machine']['load'][0]:.1f}"
        yield "Date and commit", f"{part['date']}, {part['commit']}{state}; {load}"
    machine = result["machine"]
    yield (
        "Machine",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB,"
        f" {machine['system']}, Linux {machine['kernel']}",
    )
    yield "Compiler", result["rustc"]
    for contestant in result["contestants"]:
        yield contestant["title"], placed(contestant)
    for skipped in result["skipped"]:
        yield skipped["name"], f"left out: {skipped['reason']}"


def placed(contestant):
    """The build of an interpreter and where it came from."""
    origin = contestant["origin"]
    words = [" ".join(origin.get("version", "").split())]
    words += [f"{key}={value}" for key, value in contestant["variables"].items()]
    if "package" in origin:
        words.append(origin["package"])
    source = origin.get("installed_from")
    if isinstance(source, dict):
        words.append(f"Debian {source['suite']} of {source['release']}")
    elif source:
        words.append(source)
    return "; ".join(words)
