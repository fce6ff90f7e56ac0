"""Martin Richards's operating system kernel simulation.

    richards.py [ROUNDS]

Six tasks of fixed priorities pass packets to each other: an idle task, a worker, two
handlers and two devices. The benchmark's published counts of packets queued and tasks held
tell whether the simulation is right.
"""

import sys

IDLE_STEPS = 10_000
EXPECTED = (23_246, 9_297)  # packets queued, times a task was held

IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
FOR_DEVICE, FOR_WORK = range(2)
WORDS_PER_PACKET = 4


class Packet:
    __slots__ = ("address", "kind", "position", "words")

    def __init__(self, address, kind):
        self.address = address  # the receiver while queued, then the sender
        self.kind = kind
        self.position = 0
        self.words = [0] * WORDS_PER_PACKET


class Kernel:
    def __init__(self):
        self.tasks = [None] * 6
        self.by_priority = []
        self.queued = 0
        self.held = 0

    def add(self, task):
        task.kernel = self
        self.tasks[task.number] = task
        self.by_priority.insert(0, task)
        for below, above in zip(self.by_priority[1:], self.by_priority):
            above.next = below

    def run(self):
        task = self.by_priority[0]
        while task is not None:
            if task.is_blocked():
                task = task.next
            else:
                task = task.resume()


class Task:
    """One task; `step` does a piece of work and returns the task to run next."""

    def __init__(self, number, priority, waiting=True, inbox=()):
        self.number = number
        self.priority = priority
        self.next = None
        self.kernel = None
        self.inbox = list(inbox)
        self.has_packet = bool(inbox)
        self.waiting = waiting
        self.held = False

    def is_blocked(self):
        return self.held or (self.waiting and not self.has_packet)

    def resume(self):
        packet = None
        if self.has_packet and self.waiting and not self.held:
            packet = self.inbox.pop(0)
            self.waiting = False
            self.has_packet = bool(self.inbox)
        return self.step(packet)

    def step(self, packet):
        raise NotImplementedError

    def wait(self):
        self.waiting = True
        return self

    def hold(self):
        self.kernel.held += 1
        self.held = True
        return self.next

    def release(self, number):
        task = self.kernel.tasks[number]
        task.held = False
        return task if task.priority > self.priority else self

    def send(self, packet):
        receiver = self.kernel.tasks[packet.address]
        self.kernel.queued += 1
        packet.address = self.number
        return receiver.accept(packet, self)

    def accept(self, packet, sender):
        is_first = not self.inbox
        self.inbox.append(packet)
        if is_first:
            self.has_packet = True
            if self.priority > sender.priority:
                return self
        return sender


class Idle(Task):
    def __init__(self):
        super().__init__(IDLE, 0, waiting=False)
        self.control = 1
        self.steps_left = IDLE_STEPS

    def step(self, packet):
        self.steps_left -= 1
        if self.steps_left == 0:
            return self.hold()
        odd = self.control & 1
        self.control >>= 1
        if odd:
            self.control ^= 0xD008
            return self.release(DEVICE_B)
        return self.release(DEVICE_A)


class Worker(Task):
    def __init__(self):
        packets = [Packet(WORKER, FOR_WORK) for _ in range(2)]
        super().__init__(WORKER, 1000, inbox=packets)
        self.handler = HANDLER_A
        self.letter = 0

    def step(self, packet):
        if packet is None:
            return self.wait()
        self.handler = HANDLER_B if self.handler == HANDLER_A else HANDLER_A
        packet.address = self.handler
        packet.position = 0
        for i in range(WORDS_PER_PACKET):
            self.letter = self.letter % 26 + 1
            packet.words[i] = ord("A") + self.letter - 1
        return self.send(packet)


class Handler(Task):
    def __init__(self, number, priority, device):
        packets = [Packet(device, FOR_DEVICE) for _ in range(3)]
        super().__init__(number, priority, inbox=packets)
        self.work = []
        self.requests = []

    def step(self, packet):
        if packet is not None:
            if packet.kind == FOR_WORK:
                self.work.append(packet)
            else:
                self.requests.append(packet)
        if not self.work:
            return self.wait()
        work = self.work[0]
        if work.position >= WORDS_PER_PACKET:
            return self.send(self.work.pop(0))
        if not self.requests:
            return self.wait()
        request = self.requests.pop(0)
        request.position = work.words[work.position]
        work.position += 1
        return self.send(request)


class Device(Task):
    def __init__(self, number, priority):
        super().__init__(number, priority)
        self.pending = None

    def step(self, packet):
        if packet is not None:
            self.pending = packet
            return self.hold()
        if self.pending is None:
            return self.wait()
        packet, self.pending = self.pending, None
        return self.send(packet)


def simulate():
    kernel = Kernel()
    kernel.add(Idle())
    kernel.add(Worker())
    kernel.add(Handler(HANDLER_A, 2000, DEVICE_A))
    kernel.add(Handler(HANDLER_B, 3000, DEVICE_B))
    kernel.add(Device(DEVICE_A, 4000))
    kernel.add(Device(DEVICE_B, 5000))
    kernel.run()
    return kernel.queued, kernel.held


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for _ in range(rounds):
        counts = simulate()
        if counts != EXPECTED:
            sys.exit(f"queued and held {counts}, not {EXPECTED}")
    print(f"{rounds} rounds, each with {counts[0]} packets queued and {counts[1]} tasks held")


if __name__ == "__main__":
    main()
