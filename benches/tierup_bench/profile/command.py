"""``cargo xtask profile``."""

import json
import linecache
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tierup_bench import programs
from tierup_bench.packages import Packages
from tierup_bench.process import WORKER
from tierup_bench.profile import tools
from tierup_bench.profile.attribute import Profile
from tierup_bench.profile.maps import Maps
from tierup_bench.sections import Section
from tierup_bench.text import terminal

EXIT = re.compile(r"exit (\d+) of executor (\d+) taken, (\w+): (\d+)")
EVENT = re.compile(r"(.*): (\d+)")
# What a kernel or real program does: some loops for the clock, a few where each costs fifty times as much.
WORK = {"perf": [{"do": "warm", "seconds": 4.0}], "callgrind": [{"do": "step", "loops": 2}]}


def run(config, say):
    contestant = config["contestants"][0]
    tool = config["with"] or tools.available()
    if tool is None:
        print("error: profiles are made with perf or valgrind; neither is here", file=sys.stderr)
        return 2
    say(f"profiling with {tool}")
    with tempfile.TemporaryDirectory() as folder:
        log, stats = os.path.join(folder, "log"), os.path.join(folder, "stats")
        chosen = what(config, contestant, tool, say)
        if chosen is None:
            name = config["program"][0]
            print(f"error: {name} is neither a file nor a benchmark", file=sys.stderr)
            return 2
        command, suite, stdin = chosen
        environment = contestant.environment(
            suite, TIERUP_DUMP="map", TIERUP_LOG=log, TIERUP_STATS_FILE=stats
        )
        output = subprocess.DEVNULL if suite else None
        # Programs for the terminal keep it; `stdin` is a file of commands for the others.
        with tempfile.TemporaryFile() as commands:
            commands.write(stdin)
            commands.seek(0)
            given = commands if suite else subprocess.DEVNULL
            ran = tools.TOOLS[tool](command, folder, env=environment, stdin=given, stdout=output)
        maps = Maps(Path(log).read_text() if os.path.exists(log) else "")
        counters = json.loads(Path(stats).read_text()) if os.path.exists(stats) else {"events": []}
    if ran.status:
        say(f"the program ended with status {ran.status}")
    profile = Profile(ran.costs, maps)
    if config["json"]:
        print(json.dumps(to_json(profile, counters, ran.frames)))
    else:
        found = list(sections(profile, maps, counters, ran, config["top"]))
        print(terminal([], found), end="")
    return 0 if ran.costs else 1


def what(config, contestant, tool, say):
    """The command, the suite it is of, and its input; ``None`` if there is no such program."""
    words = config["program"]
    if len(words) == 1 and not Path(words[0]).exists():
        for suite in ("kernels", "real"):
            for program in programs.only(programs.modules(suite), words):
                Packages(Path(config["folder"]) / "packages", say).install(contestant, suite)
                spec = json.dumps(program.spec(contestant))
                lines = "".join(json.dumps(line) + "\n" for line in WORK[tool])
                return [contestant.python, str(WORKER), spec], suite, lines.encode()
    # Python's own options may come first.
    if not words[0].startswith("-") and not Path(words[0]).exists():
        return None
    return [contestant.python, *words], None, b""


def sections(profile, maps, counters, ran, top):
    def table(title, note, header, counter, cells):
        total = max(1, profile.total if counter is not ran.frames else ran.frames.total())
        rows = [
            [f"{amount / total:.1%}", *cells(key)]
            for key, amount in counter.most_common(top)
            if amount
        ]
        return Section(title, note, ["share", *header], rows, words=True)

    yield table(
        "Tiers", f"{profile.total} {ran.unit} in all.", ["tier"], profile.tiers, lambda tier: [tier]
    )
    yield table(
        "Traces",
        "Machine code by trace.",
        ["executor", "kind", "of"],
        profile.traces,
        lambda n: [n, profile.executors[n].kind, profile.executors[n].where],
    )
    yield table(
        "Uops",
        "Machine code by uop; cold is out of line, exit the way out.",
        ["uop"],
        profile.uops,
        lambda u: [u],
    )
    yield table(
        "Source lines",
        "Machine code by the line it was made from; what cannot leave its trace counts to the last thing before that can.",
        ["line", "source"],
        profile.lines,
        lambda key: [f"{short(key[0])}:{key[1]}", linecache.getline(*key).strip()],
    )
    yield table(
        "Frames",
        "Running Python frames in all tiers, looked at from outside (with perf only). In machine code the"
        " frame is the outermost, the line that of the last call or exit.",
        ["function", "line", "source"],
        ran.frames,
        lambda key: [key[2], f"{short(key[0])}:{key[1]}", linecache.getline(*key[:2]).strip()],
    )
    yield table(
        "Functions",
        "Everything else by C or Rust function.",
        ["tier", "function"],
        profile.functions,
        lambda key: [key[1], key[0][:100]],
    )
    yield reasons(counters)
    yield exits(maps, counters, top)
    yield aborts(counters, top)
    rows = [[value, name] for name, value in counters.items() if name != "events"]
    yield Section("Counters", "", ["count", "of"], rows, words=True)


def reasons(counters):
    taken = Counter()
    for event in counters["events"]:
        if found := EXIT.fullmatch(event):
            taken[found[3]] += int(found[4])
    rows = [[n, uop] for uop, n in taken.most_common()]
    return Section(
        "Exits by reason",
        "Exits to tier 1, by the uop that left.",
        ["taken", "reason"],
        rows,
        words=True,
    )


def exits(maps, counters, top):
    rows = []
    for event in counters["events"]:
        if found := EXIT.fullmatch(event):
            number, executor, uop, taken = found.groups()
            code = maps.executor(int(executor))
            part = code.exit(int(number)) if code else None
            place = f"{short(part.file)}:{part.line}" if part else ""
            source = linecache.getline(part.file, part.line).strip() if part else ""
            rows.append([int(taken), uop, f"{executor}.{number}", place, source])
    rows.sort(key=lambda row: -row[0])
    note = "Each exit, and where it is. One that has a bridge is not taken any more."
    return Section(
        "Exits",
        note,
        ["taken", "reason", "executor.exit", "line", "source"],
        rows[:top],
        words=True,
    )


def aborts(counters, top):
    rows = []
    for event in counters["events"]:
        found = EVENT.fullmatch(event)
        if found and not EXIT.fullmatch(event):
            rows.append([int(found[2]), found[1]])
    rows.sort(key=lambda row: -row[0])
    return Section(
        "Aborts",
        "What was not compiled or not run by us, and why.",
        ["times", "reason"],
        rows[:top],
        words=True,
    )


def short(path):
    return str(Path(*Path(path).parts[-2:])) if path.startswith("/") else path


def to_json(profile, counters, frames):
    return {
        "total": profile.total,
        "tiers": profile.tiers,
        "traces": [
            {
                "executor": n,
                "kind": profile.executors[n].kind,
                "of": profile.executors[n].where,
                "amount": amount,
            }
            for n, amount in profile.traces.items()
        ],
        "uops": profile.uops,
        "lines": [
            {"file": file, "line": line, "amount": n} for (file, line), n in profile.lines.items()
        ],
        "functions": [
            {"function": name, "tier": tier, "amount": n}
            for (name, tier), n in profile.functions.items()
        ],
        "frames": [
            {"file": file, "line": line, "function": name, "samples": n}
            for (file, line, name), n in frames.items()
        ],
        "counters": counters,
    }
