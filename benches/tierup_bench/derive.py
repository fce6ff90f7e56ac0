"""From samples to figures. A result is what ``measure`` wrote: plain dicts and lists, as in JSON."""

from dataclasses import dataclass

from tierup_bench import stats

YARDSTICK = "plain"
TIMED = ("kernels", "real", "pyperformance")


@dataclass(frozen=True)
class Speedup:
    """How many times as fast as plain CPython: the median of paired ratios, and their quartiles."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios):
        return cls(stats.median(ratios), *stats.quartiles(ratios))


@dataclass
class Figures:
    """One program under one contestant."""

    warm: Speedup = None
    first_loop: Speedup = None
    first_second: Speedup = None
    # Plain CPython's instructions over this one's: of the first loop, and of a later one.
    first_instructions: float = None
    instructions: float = None
    error: str = None


def rows(suite):
    """(program, plain CPython's seconds per loop or None, figures by contestant)."""
    for program, samples in suite["programs"].items():
        plain = samples[YARDSTICK]
        seconds = None if "error" in plain else stats.median(flat(plain["rounds"]))
        counts = suite.get("instructions", {}).get(program, {})
        figures = {
            name: figures_of(plain, other, counts.get(YARDSTICK), counts.get(name))
            for name, other in samples.items()
        }
        yield program, seconds, figures


def figures_of(plain, other, plain_counts, counts):
    for samples in (other, plain):
        if "error" in samples:
            return Figures(error=samples["error"])
    figures = Figures(
        warm=Speedup.of(paired(plain["rounds"], other["rounds"])),
        first_loop=Speedup.of(stats.paired_ratios(plain["first"], other["first"])),
        first_second=Speedup.of(
            [stats.work_rate_ratio(a, b, 1.0) for a, b in zip(plain["warm_up"], other["warm_up"])]
        ),
    )
    if plain_counts and counts and "error" not in plain_counts and "error" not in counts:
        figures.first_instructions = plain_counts["first"] / counts["first"]
        figures.instructions = plain_counts["later"] / counts["later"]
    return figures


def paired(plain, other):
    """Ratios of the same round of the same turn."""
    return flat(stats.paired_ratios(a, b) for a, b in zip(plain, other))


def flat(lists):
    return [value for values in lists for value in values]


@dataclass(frozen=True)
class Mean:
    """A geometric mean, over how many of how many programs."""

    value: float
    over: int
    of: int


def mean(figures, attribute):
    """Over one contestant's figures; programs that failed are counted, and cannot be averaged."""
    values = []
    for figure in figures:
        found = getattr(figure, attribute)
        if found is not None:
            values.append(found.value if isinstance(found, Speedup) else found)
    return Mean(stats.geometric_mean(values), len(values), len(figures)) if values else None


def startup_rows(commands):
    """(command, plain seconds, Speedup by contestant or an error's text)."""
    for name, samples in commands.items():
        plain = samples[YARDSTICK]
        if "error" in plain:
            continue
        figures = {
            other: sample["error"]
            if "error" in sample
            else Speedup.of(stats.paired_ratios(plain["seconds"], sample["seconds"]))
            for other, sample in samples.items()
        }
        yield name, stats.median(plain["seconds"]), figures


def settled(trace):
    """Seconds per loop in the last third of a trace."""
    points = trace["points"]
    return stats.median([p["seconds"] / p["loops"] for p in points[-max(1, len(points) // 3) :]])


def when_within(trace, factor=1.1):
    """Seconds from process start until a loop first ran within ``factor`` of the settled time."""
    limit = settled(trace) * factor
    return next((p["at"] for p in trace["points"] if p["seconds"] / p["loops"] <= limit), None)


def tiers(trace):
    """Seconds from process start to the end of the iteration after which each tier had run."""
    names = {"tier1.entered": "tier 1", "traces.entered": "machine code"}
    found = {}
    for point in trace["points"]:
        for key, tier in names.items():
            if point.get("counters", {}).get(key) and tier not in found:
                found[tier] = point["at"]
    return found


def code_bytes(point):
    return point.get("counters", {}).get("code.bytes")
