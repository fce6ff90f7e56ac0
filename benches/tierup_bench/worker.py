"""Runs one program on command, in a process of its own. Works in every Python from 3.9 on.

argv: the program as JSON; see ``load``. Answers go to what was standard output at the start, one
JSON object a line; each line read from standard input is a command, an object with the key "do":

    step     {"loops": N}                     one timing of N loops
    warm     {"seconds": S}                   loops for S seconds; every timing
    round    {"seconds": S}                   one timing that lasts S seconds or more
    trace    {"seconds": S, "start": T}       as warm, with clock, memory and counters after each
    mark                                      calls a C function that nothing else calls
    counters                                  Tierup's counters and events
    forget                                    Tierup forgets what it compiled
"""

import json
import os
import sys
import time

clock = time.perf_counter
# A timing shorter than this is mostly the clock's own noise.
SHORTEST = 0.01


class Wrong(Exception):
    """A program computed something else than it should."""


def load(program, serve):
    """Calls ``serve(names, index, function)``; ``function(loops)`` returns seconds.

    A program is {"kind": "module", "path"}: a file with ``run()`` and ``EXPECTED``; {"kind": "c",
    "path"}: a shared library with the same in C; or {"kind": "pyperf", "path", "argv", "task"}: a
    program for pyperf, of whose tasks one is run.
    """
    kind, path = program["kind"], program["path"]
    if kind == "pyperf":
        return load_pyperf(program, serve)
    if kind == "c":
        run, expected = load_library(program)
    else:
        run, expected = load_module(path)

    def timed(loops):
        total = 0.0
        for _ in range(loops):
            start = clock()
            result = run()
            total += clock() - start
            if result != expected:
                raise Wrong(f"got {result!r}, expected {expected!r}")
        return total

    return serve(["run"], 0, timed)


def load_module(path):
    namespace = {"__name__": os.path.basename(path)[:-3], "__file__": path}
    with open(path, encoding="utf-8") as file:
        source = file.read()
    exec(compile(source, path, "exec"), namespace)
    return namespace["run"], namespace["EXPECTED"]


def load_library(program):
    import ctypes

    library = ctypes.CDLL(program["path"])
    run = library.run
    run.restype = ctypes.c_double if program["returns"] == "double" else ctypes.c_int64
    run.argtypes = ()
    return run, program["expected"]


def load_pyperf(program, serve):
    """Runs the program as pyperf would, but keeps the process where pyperf starts to measure."""
    import builtins
    import site
    import types

    # Files that end in .pth count there too: setuptools brings distutils by one.
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        site.addsitedir(folder)
    import pyperf

    names = []

    def main(runner, task):
        names.append(task.name)
        if len(names) - 1 == program["task"]:
            found.append(lambda loops: task.task_func(task, loops))
            if not program["list"]:
                serve(names, program["task"], found[0])
                raise SystemExit
        return None

    found = []
    pyperf.Runner._main = main
    path = program["path"]
    sys.argv[:] = [path, *program["argv"]]
    sys.path.insert(0, os.path.dirname(path))
    # As `python run_benchmark.py` would: programs look at their own module, and multiprocessing at its file.
    main_module = types.ModuleType("__main__")
    main_module.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = main_module
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    try:
        exec(code, main_module.__dict__)
    finally:
        if program["list"]:
            serve(names, 0, None)


def resident():
    """Bytes of memory in RAM."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def counters():
    tierup = sys.modules.get("tierup")
    return tierup.stats() if tierup and tierup.is_enabled() else None


class Server:
    def __init__(self, output):
        self.output = output
        self.function = None
        self.loops = 1

    def say(self, **answer):
        self.output.write(json.dumps(answer) + "\n")
        self.output.flush()

    def serve(self, names, index, function):
        self.function = function
        self.say(ready=True, tasks=names, resident=resident())
        for line in sys.stdin:
            command = json.loads(line)
            self.say(**getattr(self, "do_" + command.pop("do"))(**command))

    def timing(self):
        """One timing, of more loops next time if it was short."""
        loops = self.loops
        taken = self.function(loops)
        if taken < SHORTEST:
            self.loops = loops * 2
        return loops, taken

    def do_step(self, loops):
        return {"loops": loops, "seconds": self.function(loops)}

    def do_warm(self, seconds):
        timings = []
        end = clock() + seconds
        while clock() < end or not timings:
            timings.append(self.timing())
        return {"timings": timings}

    def do_round(self, seconds):
        loops, total = 0, 0.0
        while total < seconds or not loops:
            n, taken = self.timing()
            loops += n
            total += taken
        return {"loops": loops, "seconds": total}

    def do_trace(self, seconds, start):
        # perf_counter is the machine's monotonic clock, so `start` may be another process's.
        points = []
        keys = ("tier1.entered", "traces.made", "traces.entered", "code.bytes")
        end = clock() + seconds
        while clock() < end:
            loops, taken = self.timing()
            now = counters()
            point = {
                "at": clock() - start,
                "loops": loops,
                "seconds": taken,
                "resident": resident(),
            }
            if now:
                point["counters"] = {key: now.get(key) for key in keys}
            points.append(point)
        return {"points": points}

    def do_mark(self):
        os.getloadavg()
        return {}

    def do_counters(self):
        return {"counters": counters()}

    def do_forget(self):
        tierup = sys.modules["tierup"]
        tierup.disable()
        tierup.enable()
        return {}


def main():
    program = json.loads(sys.argv[1])
    # What the program prints is nobody's business.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server(output)
    try:
        load(program, server.serve)
    except Wrong as error:
        server.say(error=str(error))
        sys.exit(1)
    except SystemExit:
        raise
    except BaseException as error:
        server.say(error=f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
