"""python -m tierup, and the command tierup: run a program as python does, with the JIT on."""

import os
import sys

from tierup import _control

USAGE = """\
usage: python -m tierup [OPTIONS] SCRIPT [ARGS]
       python -m tierup [OPTIONS] -m MODULE [ARGS]
       python -m tierup [OPTIONS] -c CODE [ARGS]
       python -m tierup [OPTIONS] - [ARGS]
       python -m tierup --info | --options | --help | --version

Runs a program as python does, with the JIT on. The command `tierup` does the same; `tierup info`
and `tierup options` are short for the long options.
"""

COMMANDS = ("info", "options", "help", "version")


def command():
    """The console script ``tierup``: as ``python -m tierup``, and its own words for what runs nothing.

    A script with such a name is run as ``./info``.
    """
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        sys.argv[1] = "--" + sys.argv[1]
    # Where Python itself puts the script's directory, python -m has the current one.
    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd()
    main()


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
        if option in (*ANSWERS, "--stats") and equals:
            _fail(f"{option} takes no value")
        if option in ANSWERS:
            if rest:
                _fail(f"{option} takes no arguments, got {rest[0]}")
            sys.exit(ANSWERS[option](settings))
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
    """The table of settings, from the native part: one source for help, checks and parsing."""
    try:
        return _control.native().options()
    except _control.UnsupportedError as error:
        _fail(str(error))


def _print_help(_settings):
    print(USAGE)
    if _control.unsupported():
        print(f"Not available here: {_control.unsupported()}.")
        return
    print("Options, or variables for TIERUP=1:")
    print("  --help, --version, --info (what is active, or why not), --options (these lines only),")
    print("  --stats (print what the JIT did when the program ends)")
    _print_options(_settings)


def _print_options(_settings):
    for variable, values, default, text, command_line in _table():
        option = "--" + variable[len("TIERUP_") :].lower().replace("_", "-")
        print(f"  {option if command_line else '':14} {variable}")
        print(f"      {text} ({values}; default: {default})")


def _print_version(_settings):
    print(f"tierup {_version()}")


def _print_info(settings):
    """Say what is active or why not; 0 when Tierup is or can be on here, else 1."""
    import platform

    version = platform.python_version()
    print(f"tierup     {_version()}, {os.path.dirname(os.path.abspath(__file__))}")
    print(f"python     {sys.implementation.name} {version}, {sys.executable}")
    reason = None
    switched_on = _control.is_enabled()
    given = _control.environment() + settings
    try:
        module = _control.native()
        print(f"native     {module.__file__}")
        if not switched_on:
            # Only trying tells whether somebody else holds what Tierup needs.
            module.enable(given)
            module.disable()
    except (_control.UnsupportedError, RuntimeError) as error:
        reason = str(error)
    if switched_on:
        print("state      on: TIERUP=1 switched it on for every program of this environment")
    elif reason is None:
        print(f"state      off: {_why_off()}; python -m tierup and TIERUP=1 switch it on")
    else:
        print(f"state      off: {reason}")
        return 1
    warnings = module.warnings(given)
    for warning in warnings:
        print(f"warning    {warning}")
    chosen = dict(given)
    for variable, _values, default, text, _command_line in module.options():
        ignored = any(warning.startswith(f"{variable}:") for warning in warnings)
        if chosen.get(variable) and not ignored:
            print(f"setting    {variable}={chosen[variable]} (default: {default}): {text}")
    return 0


def _why_off():
    if sys.flags.ignore_environment and os.environ.get("TIERUP"):
        return "-E or -I hides the variable TIERUP"
    if os.environ.get("TIERUP", "") == "":
        return "the variable TIERUP is not set"
    return f"TIERUP is {os.environ['TIERUP']}"


ANSWERS = {
    "--help": _print_help,
    "--version": _print_version,
    "--info": _print_info,
    "--options": _print_options,
}


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
