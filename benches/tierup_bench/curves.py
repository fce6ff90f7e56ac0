"""Warm-up and memory over time: one fresh process per contestant, every iteration written down."""

import os
import tempfile
import threading
import time
from contextlib import contextmanager

from tierup_bench.process import Failed, Worker


def trace(program, contestants, seconds, limit, say):
    """By contestant: when it was ready, its memory then, and a point after each timing."""
    out = {}
    for contestant in contestants:
        if contestant.is_compiler:
            continue
        try:
            with log_of(contestant) as (variables, compiled):
                with Worker(contestant, program, limit + seconds, **variables) as worker:
                    answer = worker.ask("trace", seconds=seconds, start=worker.started)
                    out[contestant.name] = {
                        "ready": worker.ready_after,
                        "resident": worker.resident,
                        "points": answer["points"],
                    }
                    started = worker.started
            if contestant.is_tierup:
                out[contestant.name]["compiled"] = [[at - started, what] for at, what in compiled]
        except (Failed, OSError) as error:
            out[contestant.name] = {"error": str(error)}
            say(f"{program.name} under {contestant.title}: {error}")
    return out


@contextmanager
def log_of(contestant):
    """Tierup's log comes through a pipe: each line is stamped when it arrives."""
    if not contestant.is_tierup:
        yield {}, []
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log")
        os.mkfifo(path)
        lines = []
        # Opened for both, so that neither side waits for the other to open it.
        pipe = os.open(path, os.O_RDWR)
        reader = threading.Thread(target=stamp, args=(pipe, lines), daemon=True)
        reader.start()
        try:
            yield {"TIERUP_LOG": path}, lines
        finally:
            os.write(pipe, b"\0")
            reader.join()
            os.close(pipe)


def stamp(pipe, lines):
    rest = b""
    while True:
        part = os.read(pipe, 1 << 16)
        now = time.perf_counter()
        *whole, rest = (rest + part).split(b"\n")
        lines.extend((now, line.decode(errors="replace")) for line in whole)
        if rest.endswith(b"\0"):
            return
