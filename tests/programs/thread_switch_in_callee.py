# The callee of a hot loop hands over to another thread, which changes what the loop depends on.
# exits: vary
# native: yes

import threading

factor = 1


class Config:
    scale = 2


class Partner:
    """Runs one action in another thread, while the loop's thread waits for it."""

    def __init__(self):
        self.action = None
        self.go = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            self.go.acquire()
            if self.action is None:
                return
            self.action()
            self.done.release()

    def perform(self, action):
        self.action = action
        self.go.release()
        self.done.acquire()

    def stop(self):
        self.action = None
        self.go.release()
        self.thread.join()


def change_global():
    global factor
    factor = factor + 1 if factor < 5 else 0.5


def change_class():
    Config.scale = Config.scale * -1.5


def change_function():
    global helper
    helper = (lambda x: x + 1) if helper is original else original


def same_loop():
    results.append(loop(300, None, None, ()))


def helper(x):
    return x * 2


original = helper
results = []


def loop(n, partner, action, at):
    s = 0
    x = 0.25
    for i in range(n):
        s += helper(i) * factor
        x += Config.scale
        if i in at:
            partner.perform(action)
    return s, x, i


partner = Partner()
for action in (change_global, change_class, change_function, same_loop):
    print(action.__name__, loop(900, partner, action, (777,)))
    print(action.__name__, loop(900, partner, action, range(0, 900, 100)))
partner.stop()
print(len(results), results[0], results[-1])


def mutate_list():
    data = [1.5] * 100
    partner = Partner()

    def cut():
        del data[len(data) // 2 :]

    s = 0
    errors = 0
    for i in range(800):
        try:
            s += data[i % 60]
        except IndexError:
            errors += 1
        if i == 400:
            partner.perform(cut)
    partner.stop()
    return s, errors


print(mutate_list())
