"""A discrete-event simulation: generators as processes, a heap of events, queues, a random generator of its own."""

from heapq import heappop, heappush


class Random:
    """The same numbers in every interpreter."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) * limit >> 31


class Simulation:
    def __init__(self):
        self.now = 0
        self.events = []
        self.count = 0

    def schedule(self, delay, process):
        self.count += 1
        heappush(self.events, (self.now + delay, self.count, process))

    def run(self):
        while self.events:
            self.now, _, process = heappop(self.events)
            try:
                request = next(process)
            except StopIteration:
                continue
            if isinstance(request, int):
                self.schedule(request, process)
            else:
                request.enter(process)


class Station:
    """Servers behind one queue; who is served goes on at once."""

    def __init__(self, simulation, servers):
        self.simulation = simulation
        self.free = servers
        self.waiting = []
        self.longest = 0
        self.served = 0

    def enter(self, process):
        if self.free:
            self.free -= 1
            self.simulation.schedule(0, process)
        else:
            self.waiting.append(process)
            self.longest = max(self.longest, len(self.waiting))

    def leave(self):
        self.served += 1
        if self.waiting:
            self.simulation.schedule(0, self.waiting.pop(0))
        else:
            self.free += 1


class Harbour:
    def __init__(self, seed, ships):
        self.simulation = Simulation()
        self.random = Random(seed)
        self.pilots = Station(self.simulation, 2)
        self.berths = Station(self.simulation, 4)
        self.cranes = Station(self.simulation, 3)
        self.waited = 0
        self.simulation.schedule(0, self.arrivals(ships))

    def arrivals(self, ships):
        for number in range(ships):
            self.simulation.schedule(0, self.ship(number))
            yield 4 + self.random.below(18)

    def ship(self, number):
        arrived = self.simulation.now
        yield self.berths
        yield self.pilots
        self.waited += self.simulation.now - arrived
        yield 10
        self.pilots.leave()
        for _ in range(1 + number % 3):
            yield self.cranes
            yield 8 + self.random.below(12)
            self.cranes.leave()
        yield self.pilots
        yield 8
        self.pilots.leave()
        self.berths.leave()


def run():
    results = []
    for seed in range(4):
        harbour = Harbour(seed, 400)
        harbour.simulation.run()
        results.append(
            (harbour.simulation.now, harbour.waited, harbour.berths.served, harbour.berths.longest)
        )
    return results


EXPECTED = [(4877, 8924, 400, 10), (5018, 5938, 400, 6), (5100, 5179, 400, 6), (4925, 4855, 400, 5)]
