"""The parent's side of a worker process."""

import json
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


class Failed(Exception):
    """A program did not run under a contestant; the text says why."""


class Worker:
    """A process that runs one program on command."""

    def __init__(self, contestant, program, limit, wrapper=(), **variables):
        self.limit = limit
        self.stderr = tempfile.TemporaryFile()
        spec = json.dumps(program.spec(contestant))
        self.started = time.perf_counter()
        self.child = subprocess.Popen(
            [*wrapper, contestant.python, str(WORKER), spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=contestant.environment(program.suite, **variables),
            # Programs write files where they are.
            cwd=tempfile.gettempdir(),
        )
        self.buffer = b""
        try:
            ready = self.answer()
        except BaseException:
            self.close()
            raise
        self.ready_after = time.perf_counter() - self.started
        self.tasks = ready["tasks"]
        self.resident = ready["resident"]

    def ask(self, do, **arguments):
        line = json.dumps({"do": do, **arguments}) + "\n"
        try:
            self.child.stdin.write(line.encode())
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Failed(self.last_words()) from None
        return self.answer()

    def answer(self):
        deadline = time.monotonic() + self.limit
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise Failed(f"no answer in {self.limit:.0f} s")
            part = os.read(self.child.stdout.fileno(), 1 << 16)
            if not part:
                raise Failed(self.last_words())
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def last_words(self):
        status = self.child.wait()
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").split("\n")
        words = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        return f"ended with status {status}: {words.strip()}"

    def finish(self):
        """Lets it end by itself: exit handlers run."""
        self.child.stdin.close()
        self.child.wait(self.limit)
        self.close()

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        self.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
