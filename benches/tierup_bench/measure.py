"""Interleaved timings of one program under all contestants.

In each of several turns every contestant gets a fresh process. Its first loop is timed, then it
warms up alone while the others wait; then come rounds, in which the processes are timed one after
the other in an order that rotates. A speedup is the median of the ratios to plain CPython's timing
of the same round.
"""

import time
from dataclasses import dataclass

from tierup_bench.process import Failed, Worker


@dataclass
class Settings:
    # Turns of fresh processes.
    processes: int
    # Seconds of warm-up of each process, the first loop included.
    warm_up: float
    # Rounds in each turn, at most.
    rounds: int
    # Seconds that a round's timing lasts, at least.
    at_least: float
    # Rounds there are always, and the seconds after which a turn begins no further one.
    least: int
    budget: float
    # Seconds to wait for any one answer.
    limit: float = 90.0


FULL = Settings(processes=2, warm_up=1.5, rounds=6, at_least=0.1, least=2, budget=40.0)
QUICK = Settings(processes=1, warm_up=1.2, rounds=4, at_least=0.04, least=2, budget=2.0, limit=60.0)


def measure(program, contestants, settings, say):
    """Samples by contestant: first loops, warm-up timings and rounds, by turn; or an error."""
    contestants = [c for c in contestants if program.runs_under(c)]
    samples = {c.name: {"first": [], "warm_up": [], "rounds": []} for c in contestants}
    for number in range(settings.processes):
        running = [c for c in contestants if "error" not in samples[c.name]]
        with Turn(program, settings, samples, say) as turn:
            for contestant in rotated(running, number):
                turn.attempt(turn.start, contestant)
            turn.interleave(running)
    return samples


class Turn:
    """One fresh process per contestant."""

    def __init__(self, program, settings, samples, say):
        self.program = program
        self.settings = settings
        self.samples = samples
        self.say = say
        self.workers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.close()

    def attempt(self, action, contestant):
        """A failure ends the part of that contestant in this program, and is part of the result."""
        try:
            action(contestant)
        except (Failed, OSError) as error:
            self.samples[contestant.name] = {"error": str(error)}
            self.say(f"{self.program.name} under {contestant.title}: {error}")

    def start(self, contestant):
        worker = Worker(contestant, self.program, self.settings.limit)
        self.workers[contestant.name] = worker
        first = worker.ask("step", loops=1)["seconds"]
        warm_up = []
        if first < self.settings.warm_up:
            warm_up = worker.ask("warm", seconds=self.settings.warm_up - first)["timings"]
        samples = self.samples[contestant.name]
        samples["first"].append(first)
        samples["warm_up"].append([[1, first], *warm_up])
        samples["rounds"].append([])

    def interleave(self, contestants):
        end = time.monotonic() + self.settings.budget
        for number in range(self.settings.rounds):
            if number >= self.settings.least and time.monotonic() > end:
                break
            alive = [c for c in contestants if "error" not in self.samples[c.name]]
            for contestant in rotated(alive, number):
                self.attempt(self.round, contestant)

    def round(self, contestant):
        answer = self.workers[contestant.name].ask("round", seconds=self.settings.at_least)
        self.samples[contestant.name]["rounds"][-1].append(answer["seconds"] / answer["loops"])


def rotated(items, by):
    by %= max(1, len(items))
    return items[by:] + items[:by]


def task_names(program, contestant, limit):
    """The names of the tasks that a program for pyperf defines; None if it does not run."""
    spec = {**program.spec(contestant), "task": -1, "list": True}
    try:
        with Worker(contestant, Lister(program.suite, spec), limit) as worker:
            return worker.tasks
    except Failed:
        return None


@dataclass
class Lister:
    """A program that only says what tasks it has."""

    suite: str
    listing: dict

    def spec(self, _contestant):
        return self.listing
