"""A bank with several tellers and one queue, as a discrete-event simulation.

    bank.py [CUSTOMERS]

Customers arrive at random, wait for a teller, and some lose patience. Processes are
generators that yield what they wait for. Little's law, which holds exactly for any run that
starts and ends empty, checks the bookkeeping.
"""

import heapq
import math
import sys

TELLERS = 3
MEAN_INTERARRIVAL = 1.0
MEAN_SERVICE = 2.8
MEAN_PATIENCE = 12.0


class Random:
    """Park and Miller's minimal standard generator: the same numbers on every Python."""

    MODULUS = 2**31 - 1

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = self.state * 48271 % self.MODULUS
        return self.state / self.MODULUS

    def exponential(self, mean):
        return -mean * math.log(self.uniform())


class Simulation:
    def __init__(self):
        self.now = 0.0
        self.events = []
        self.sequence = 0

    def schedule(self, delay, process, message=None):
        self.sequence += 1
        heapq.heappush(self.events, (self.now + delay, self.sequence, process, message))

    def run(self):
        while self.events:
            self.now, _, process, message = heapq.heappop(self.events)
            try:
                delay = process.send(message)
            except StopIteration:
                continue
            if delay is not None:
                self.schedule(delay, process)


class Tellers:
    """A resource of fixed capacity with a first-come, first-served queue."""

    def __init__(self, simulation, capacity):
        self.simulation = simulation
        self.free = capacity
        self.queue = {}  # process -> None, in order of arrival

    def request(self, process):
        if self.free:
            self.free -= 1
            self.simulation.schedule(0.0, process, "served")
        else:
            self.queue[process] = None

    def release(self):
        if self.queue:
            process = next(iter(self.queue))
            del self.queue[process]
            self.simulation.schedule(0.0, process, "served")
        else:
            self.free += 1


class Statistics:
    def __init__(self):
        self.inside = 0
        self.most_inside = 0
        self.changed = 0.0
        self.area = 0.0  # integral over time of the number of customers inside
        self.stay = 0.0  # sum of all customers' times inside
        self.waits = []
        self.lost = 0

    def step(self, now, change):
        self.area += self.inside * (now - self.changed)
        self.changed = now
        self.inside += change
        self.most_inside = max(self.most_inside, self.inside)


class Bank:
    def __init__(self, customers, seed=2026):
        self.simulation = Simulation()
        self.tellers = Tellers(self.simulation, TELLERS)
        self.random = Random(seed)
        self.statistics = Statistics()
        self.customers = customers

    def run(self):
        self.simulation.schedule(0.0, self.arrivals())
        self.simulation.run()
        return self.statistics

    def arrivals(self):
        for _ in range(self.customers):
            yield self.random.exponential(MEAN_INTERARRIVAL)
            customer = self.customer()
            me = next(customer)  # runs to the point where it asks for its own handle
            assert me is None
            self.simulation.schedule(0.0, customer, customer)

    def customer(self):
        me = yield
        simulation, statistics = self.simulation, self.statistics
        arrived = simulation.now
        statistics.step(arrived, +1)
        self.tellers.request(me)
        simulation.schedule(0.0, self.alarm(me, self.random.exponential(MEAN_PATIENCE)))
        message = yield
        if message == "served":
            statistics.waits.append(simulation.now - arrived)
            yield self.random.exponential(MEAN_SERVICE)
            self.tellers.release()
        else:
            statistics.lost += 1
        statistics.stay += simulation.now - arrived
        statistics.step(simulation.now, -1)

    def alarm(self, customer, patience):
        yield patience
        if customer in self.tellers.queue:
            del self.tellers.queue[customer]
            self.simulation.schedule(0.0, customer, "impatient")


def main():
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 250_000
    bank = Bank(customers)
    statistics = bank.run()
    waits = sorted(statistics.waits)
    print(f"{customers} customers in {bank.simulation.now:.1f} minutes")
    print(f"served {len(waits)}, lost patience {statistics.lost}")
    print(f"mean wait {sum(waits) / len(waits):.3f}, longest {waits[-1]:.3f}")
    print(f"95% waited less than {waits[len(waits) * 95 // 100]:.3f}")
    print(f"mean number inside {statistics.area / bank.simulation.now:.3f}")
    print(f"at most {statistics.most_inside} inside")
    if not math.isclose(statistics.area, statistics.stay, rel_tol=1e-9):
        sys.exit(f"Little's law is violated: {statistics.area} != {statistics.stay}")
    if statistics.inside or len(waits) + statistics.lost != customers:
        sys.exit("somebody is still inside")


if __name__ == "__main__":
    main()
