"""Proposes smaller programs: shrink.py PROGRAM DIRECTORY.

Each is written into the directory and its path printed; a line on standard input answers 1 if it
still fails. `cargo xtask fuzz` answers.
"""

import pathlib
import sys

from pysource_minimize import CouldNotMinimize, minimize


def main():
    source, proposal = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2], "proposal.py")

    def fails(text):
        proposal.write_text(text)
        print(proposal, flush=True)
        return sys.stdin.readline() == "1\n"

    try:
        minimize(source.read_text(), fails, retries=0)
    except CouldNotMinimize:
        pass  # The last good proposal is known to whoever answers.


if __name__ == "__main__":
    main()
