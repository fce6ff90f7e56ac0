"""python -m tierup: run a program as python does, with the JIT on."""

import sys

from tierup import _control

USAGE = """\
usage: python -m tierup [OPTIONS] SCRIPT [ARGS]
       python -m tierup [OPTIONS] -m MODULE [ARGS]
       python -m tierup [OPTIONS] -c CODE [ARGS]
       python -m tierup [OPTIONS] - [ARGS]

Runs a program as python does, with the JIT on.
"""


def main():
    """The command; returns when the program has ended normally."""
    settings, show_stats, program = _parse(sys.argv[1:])
    try:
        native = _control.native()
        bad = native.warnings(settings)
        if bad:
            _fail(bad[0].rpartition(";")[0])
        _control.enable_with(_control.environment() + settings)
    except _control.UnsupportedError as error:
        _fail(str(error))
    if show_stats:
        _print_stats_at_exit()

    from tierup import _run

    _run.run(program)


def _parse(arguments):
    """Split the command line into settings, whether to print statistics, and the program."""
    settings = []
    show_stats = False
    rest = list(arguments)
    while rest:
        if not rest[0].startswith("--"):
            return settings, show_stats, rest
        option, equals, value = rest.pop(0).partition("=")
        if option in ("--help", "--version", "--stats") and equals:
            _fail(f"{option} takes no value")
        if option == "--help":
            _print_help()
            sys.exit(0)
        if option == "--version":
            print(f"tierup {_version()}")
            sys.exit(0)
        if option == "--stats":
            show_stats = True
            continue
        variable = _variable(option)
        if not equals:
            if not rest:
                _fail(f"{option} needs a value")
            value = rest.pop(0)
        settings.append((variable, value))
    _fail("no program given; see python -m tierup --help")


def _variable(option):
    variable = "TIERUP_" + option[2:].replace("-", "_").upper()
    for row in _table():
        if row[0] == variable and row[4] and option == option.lower():
            return variable
    _fail(f"unknown option {option}; see python -m tierup --help")


def _table():
    try:
        return _control.native().options()
    except _control.UnsupportedError as error:
        _fail(str(error))


def _print_help():
    print(USAGE)
    try:
        rows = _control.native().options()
    except _control.UnsupportedError as error:
        print(f"Not available here: {error}.")
        return
    print("Options, or variables for TIERUP=1:")
    print("  --help, --version, --stats (print what the JIT did when the program ends)")
    for variable, values, default, text, command_line in rows:
        option = "--" + variable[len("TIERUP_") :].lower().replace("_", "-")
        print(f"  {option if command_line else '':14} {variable}")
        print(f"      {text} ({values}; default: {default})")


def _print_stats_at_exit():
    import atexit

    def write():
        stats = _control.stats()
        for name, value in stats.items():
            if name != "events":
                print(f"{name:40} {value}", file=sys.stderr)
        for event in stats["events"]:
            print(event, file=sys.stderr)

    atexit.register(write)


def _version():
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tierup")
    except PackageNotFoundError:
        return "(not installed)"


def _fail(message):
    print(f"tierup: {message}", file=sys.stderr)
    sys.exit(2)
