"""The running Python frame, looked at from another process a thousand times a second."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

try:
    from _remote_debugging import RemoteUnwinder
except ImportError:
    # Not every build has it; the other tables do without.
    RemoteUnwinder = None

PERIOD = 0.001


@contextmanager
def of_child(parent):
    """Samples the first child of a process; gives a counter of (file, line, function)."""
    found = Counter()
    done = threading.Event()
    sampler = threading.Thread(target=sample, args=(parent, found, done), daemon=True)
    sampler.start()
    try:
        yield found
    finally:
        done.set()
        sampler.join()


def sample(parent, found, done):
    unwinder = None
    while RemoteUnwinder and not done.wait(PERIOD):
        try:
            if unwinder is None:
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
                unwinder = RemoteUnwinder(int(children[0]))
                continue
            for thread in unwinder.get_stack_trace():
                if thread.frame_info:
                    frame = thread.frame_info[0]
                    found[(frame.filename, frame.lineno, frame.funcname)] += 1
        except (OSError, RuntimeError, ValueError, IndexError, UnicodeError, MemoryError):
            # It starts, ends, or changed its frames while they were read.
            time.sleep(PERIOD)
