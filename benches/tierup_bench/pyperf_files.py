"""pyperformance's programs run by pyperf itself, for those who want its files."""

import subprocess

# What turns an interpreter into a contestant; pyperf hides the environment from its workers.
INHERITED = ("TIERUP", "TIERUP_TIER", "PYTHON_JIT", "PYTHONPATH", "PYTHONHASHSEED")


def run(found, contestants, folder, quick, say):
    """Writes one suite file per contestant; returns the programs that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    done = set()
    for contestant in contestants:
        file = folder / f"{contestant.name}.json"
        file.unlink(missing_ok=True)
        for program in found:
            # A program with several tasks runs them all.
            key = (contestant.name, program.path, program.argv)
            if key in done:
                continue
            done.add(key)
            say(f"pyperf: {program.name} under {contestant.title}")
            if subprocess.run(
                arguments(contestant, program, file, quick),
                env=contestant.environment("pyperformance"),
                cwd=folder,
                stdout=subprocess.DEVNULL,
            ).returncode:
                failed.append((contestant.name, program.name))
                say(f"{program.name} failed under {contestant.title}")
    return failed


def arguments(contestant, program, file, quick):
    command = [contestant.python, program.path, *program.argv, "--quiet"]
    command += ["--append", str(file), "--inherit-environ", ",".join(INHERITED)]
    return [*command, "--fast"] if quick else command
