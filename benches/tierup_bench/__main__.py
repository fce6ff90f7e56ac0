"""The entry of ``cargo xtask bench`` and ``profile``: an action, and a file of settings as JSON."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from tierup_bench import (
    compare,
    compiling,
    counts,
    curves,
    expected,
    machine,
    measure,
    packages,
    page,
    programs,
    pyperf_files,
    sections,
    startup,
    text,
    tiers,
    twins,
)
from tierup_bench.contestants import Contestant
from tierup_bench.process import Failed

DOCS = programs.BENCHES.parent / "docs/performance.md"
BEGIN, END = "<!-- results: cargo xtask bench report --docs -->", "<!-- end of results -->"


def say(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


class Usage(Exception):
    """A mistake of whoever called; one line, exit code 2."""


def main():
    action, config = sys.argv[1:]
    config = json.loads(Path(config).read_text())
    config["contestants"] = [Contestant(**c) for c in config.get("contestants", ())]
    try:
        return ACTIONS[action](config)
    except Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run_measure(config):
    suites = config["suites"] or list(sections.TITLES)
    measurement = Measurement(config)
    if config["pyperf"]:
        return measurement.with_pyperf()
    result = {
        "format": 1,
        "date": machine.now(),
        "machine": machine.describe(),
        "skipped": config["skipped"],
        "quick": config["quick"],
        "settings": asdict(measurement.settings),
        **{key: config[key] for key in ("command", "commit", "modified", "rustc")},
        "suites": {},
    }
    for suite in suites:
        found = getattr(measurement, suite)()
        if found:
            result["suites"][suite] = found
    if not result["suites"]:
        raise Usage(f"no program is named {', '.join(config['only'])}")
    result["contestants"] = [asdict(c) for c in measurement.used()]
    path = store(result, config)
    if config["json"]:
        print(json.dumps(result))
    else:
        print(text.terminal(sections.heading(result), sections.sections(result)), end="")
    say(f"written: {path} and {path.with_suffix('.html')}")
    return 1 if tierup_failed(result) else 0


class Measurement:
    """Runs suites; each method is named after one and returns its part of the result."""

    def __init__(self, config):
        self.config = config
        self.folder = Path(config["folder"])
        self.contestants = config["contestants"]
        self.packages = packages.Packages(self.folder / "packages", say)
        self.settings = measure.QUICK if config["quick"] else measure.FULL
        own = {
            key: config[key]
            for key in ("processes", "rounds", "warm_up")
            if config[key] is not None
        }
        self.settings = replace(self.settings, **own)
        self.names = set()
        for contestant in self.contestants:
            if contestant.is_compiler:
                twins.build(contestant, self.folder / "twins")

    def used(self):
        return [c for c in self.contestants if c.name in self.names]

    def quick_peers(self):
        """In a quick run, pyperformance's hundred programs meet plain CPython only."""
        if self.config["quick"] and self.config["against"] is None:
            return [c for c in self.contestants if c.name in ("plain", "tierup")]
        return [c for c in self.contestants if not c.is_compiler]

    def kernels(self):
        return self.timed(self.chosen("kernels"), self.contestants)

    def real(self):
        contestants = [c for c in self.contestants if not c.is_compiler]
        for contestant in contestants:
            self.packages.install(contestant, "real")
        return self.timed(self.chosen("real"), contestants)

    def pyperformance(self):
        contestants = self.quick_peers()
        if self.config["quick"] and self.config["rounds"] is None:
            self.settings = replace(self.settings, rounds=2)
        return self.timed(self.pyperformance_programs(contestants), contestants)

    def pyperformance_programs(self, contestants):
        plain = contestants[0]
        data_files = self.packages.pyperformance(plain.python)
        for contestant in contestants:
            self.packages.install(contestant, "pyperformance", data_files)
        found = []
        only = self.config["only"]
        candidates = programs.pyperformance(data_files)
        # Names are those of programs, or else of tasks, for which each program must be asked.
        known = {program.name for program in candidates}
        asked = programs.only(candidates, only) if known.issuperset(only) else candidates
        for program in asked:
            names = self.packages.tasks(
                program.name, lambda p=program: measure.task_names(p, plain, self.settings.limit)
            )
            tasks = program.tasks(names or [program.name])
            found += tasks if program.name in only else programs.only(tasks, only)
        elsewhere = {
            program.name for suite in ("kernels", "real") for program in programs.modules(suite)
        }
        unknown = set(only) - known - elsewhere - {program.name for program in found}
        if unknown:
            raise Usage(f"no program is named {', '.join(sorted(unknown))}")
        return found

    def chosen(self, suite):
        return programs.only(programs.modules(suite), self.config["only"])

    def timed(self, found, contestants):
        if not found:
            return None
        self.names.update(c.name for c in contestants)
        out = {"programs": {}}
        for number, program in enumerate(found, 1):
            say(f"{program.suite} {number}/{len(found)}: {program.name}")
            out["programs"][program.name] = measure.measure(
                program, contestants, self.settings, say
            )
        if self.config["instructions"] or not (self.config["quick"] or suite_is_large(found)):
            out["instructions"] = {p.name: self.counted(p, contestants) for p in found}
        return out

    def counted(self, program, contestants):
        """Of plain CPython and Tierup: other JITs do not all run under callgrind."""
        tool = counts.counter()
        out = {}
        for contestant in contestants:
            if contestant.name in ("plain", "tierup") and tool:
                say(f"counting instructions: {program.name} under {contestant.title}")
                try:
                    out[contestant.name] = asdict(counts.count(program, contestant, 1, 900, tool))
                except Failed as error:
                    out[contestant.name] = {"error": str(error)}
        return out

    def startup(self):
        if self.config["only"]:
            return None
        self.names.update(c.name for c in self.contestants if not c.is_compiler)
        say("startup")
        return {
            "commands": startup.measure(self.contestants, 7 if self.config["quick"] else 25, say)
        }

    def warmup(self):
        return self.traced(1.0 if self.config["quick"] else 5.0, WARM_UP)

    def memory(self):
        return self.traced(1.5 if self.config["quick"] else 20.0, MEMORY)

    def traced(self, seconds, names):
        contestants = [c for c in self.contestants if not c.is_compiler]
        for contestant in contestants:
            self.packages.install(contestant, "real")
        found = [p for suite in ("kernels", "real") for p in programs.modules(suite)]
        found = programs.only(found, self.config["only"] or names)
        if not found:
            return None
        self.names.update(c.name for c in contestants)
        out = {}
        for program in found:
            say(f"every iteration of {program.name}")
            out[program.name] = curves.trace(
                program, contestants, seconds, self.settings.limit, say
            )
        return {"traces": out}

    def with_pyperf(self):
        contestants = self.quick_peers()
        found = self.pyperformance_programs(contestants)
        if not found:
            raise Usage(f"no program is named {', '.join(self.config['only'])}")
        folder = self.folder / "pyperf"
        failed = pyperf_files.run(found, contestants, folder, self.config["quick"], say)
        say(f"written: {folder}")
        return 1 if failed else 0


# Programs whose every iteration is looked at.
WARM_UP = (
    "attributes",
    "dict_counting",
    "spectral_norm",
    "json_encoder",
    "markdown",
    "simulation",
    "chess",
)
MEMORY = ("attributes", "generators", "json_encoder", "requests", "templates", "chess")


def suite_is_large(found):
    """Whether counting instructions would take hours."""
    return any(program.suite == "pyperformance" for program in found)


def tierup_failed(result):
    """Whether Tierup failed where plain CPython did not."""
    for suite in result["suites"].values():
        for samples in suite.get(
            "programs", suite.get("commands", suite.get("traces", {}))
        ).values():
            if "error" in samples.get("tierup", {}) and "error" not in samples["plain"]:
                return True
    return False


def store(result, config):
    results = Path(config["folder"]) / "results"
    results.mkdir(parents=True, exist_ok=True)
    stamp = result["date"].replace(" UTC", "").replace(" ", "-").replace(":", "")
    path = Path(config["output"] or results / f"{stamp}-{result['commit'] or 'unknown'}.json")
    path.write_text(json.dumps(result))
    path.with_suffix(".html").write_text(page.page(result))
    (results / "latest").write_text(str(path.resolve()))
    return path


def run_report(config):
    paths = config["results"]
    if not paths:
        latest = Path(config["folder"]) / "results/latest"
        if not latest.exists():
            raise Usage("there is no result yet; see cargo xtask bench --help")
        paths = [latest.read_text()]
    result = merged([read(path) for path in paths])
    if config["html"]:
        Path(config["html"]).write_text(page.page(result))
    if config["docs"]:
        words = text.markdown(sections.heading(result), sections.sections(result))
        before, rest = DOCS.read_text().split(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n\n{words}\n{END}{rest.partition(END)[2]}")
    if not (config["html"] or config["docs"]):
        print(text.terminal(sections.heading(result), sections.sections(result)), end="")
    return 0


def read(path):
    try:
        result = json.loads(Path(path).read_text())
        if result["format"] != 1:
            raise Usage(f"{path} is a result of another version of this tool")
        return result
    except (ValueError, KeyError, TypeError):
        raise Usage(f"{path} is no result of cargo xtask bench") from None


def merged(results):
    """One result of several, each of which is of other suites."""
    first, *others = results
    for other in others:
        common = first["suites"].keys() & other["suites"].keys()
        if common:
            raise Usage(f"more than one of the results has the suite {min(common)}")
        known = {c["name"] for c in first["contestants"]}
        first["suites"].update(other["suites"])
        first["contestants"] += [c for c in other["contestants"] if c["name"] not in known]
        first.setdefault("others", []).append(
            {key: other[key] for key in ("command", "date", "commit", "modified", "machine")}
        )
    return first


def run_compare(config):
    before, after = read(config["before"]), read(config["after"])
    found, data = compare.compare(before, after)
    if not found:
        raise Usage("the two results have no timed suite in common")
    if config["json"]:
        print(json.dumps(data))
        return 0
    heads = [
        (what, f"{r['date']}, {r['commit']}") for what, r in (("Before", before), ("After", after))
    ]
    print(text.terminal(heads, found), end="")
    return 0


def run_counts(config):
    return expected.check(config["contestants"][0], config["update"], say)


def run_tiers(config):
    """Of the chosen suites' programs, or those named."""
    measurement = Measurement(dict(config, quick=False, processes=None, rounds=None))
    found = chosen_programs(measurement, config, ("kernels", "real", "pyperformance"))
    contestant = next(c for c in config["contestants"] if c.is_tierup)
    return tiers.run(found, contestant, config["warm_up"], measurement.settings.limit)


def run_compiling(config):
    measurement = Measurement(dict(config, quick=False, rounds=None, warm_up=None))
    found = chosen_programs(measurement, config, ("kernels",))
    contestant = next(c for c in config["contestants"] if c.is_tierup)
    limit = measurement.settings.limit
    return compiling.run(found, contestant, config["processes"], limit, say)


def chosen_programs(measurement, config, default):
    found = []
    for suite in config["suites"] or default:
        if suite == "pyperformance":
            found += measurement.pyperformance_programs(config["contestants"])
        else:
            for contestant in config["contestants"]:
                measurement.packages.install(contestant, suite)
            found += measurement.chosen(suite)
    if not found:
        raise Usage(f"no program is named {', '.join(config['only'])}")
    return found


def run_profile(config):
    from tierup_bench.profile import command

    return command.run(config, say)


ACTIONS = {
    "measure": run_measure,
    "report": run_report,
    "compare": run_compare,
    "compiling": run_compiling,
    "counts": run_counts,
    "profile": run_profile,
    "tiers": run_tiers,
}

if __name__ == "__main__":
    sys.exit(main())
