# Threads change what the native code of other threads assumed, at any of its polls: globals, classes, functions, lists.
# native: yes
# exits: vary

import sys
import threading

sys.setswitchinterval(1e-6)

factor = 3
shift = 7


class Config:
    scale = 2

    def __init__(self):
        self.bias = 5

    def apply(self, x):
        return x * self.scale + self.bias


def helper(x):
    return x * factor - shift


def other_helper(x):
    return (x << 1) + x - shift


ORIGINAL = helper.__code__
config = Config()
stop = False


def meddle(action):
    turns = 0
    while not stop:
        action(turns)
        turns += 1
    action(0)  # as it was


# Every action changes the how, not the what: whoever reads any state on the way computes the same.
def swap_code(n):
    helper.__code__ = other_helper.__code__ if n & 1 else ORIGINAL


def rebind_globals(n):
    global factor, shift
    factor = 3.0 if n & 1 else 3
    shift = 7 if n & 2 else 14 >> 1


def change_class(n):
    if n & 1:
        Config.unrelated = n
        Config.scale = 2.0
    else:
        Config.scale = 2
        if "unrelated" in Config.__dict__:
            del Config.unrelated


def change_method(n):
    Config.apply = apply_backwards if n & 1 else apply_plainly


def apply_plainly(self, x):
    return x * self.scale + self.bias


def apply_backwards(self, x):
    result = self.bias
    return result + self.scale * x


def change_instance(n):
    config.bias = 5.0 if n & 1 else 5
    if n & 2:
        config.more = n
    else:
        config.__dict__.pop("more", None)


def resize_list(n):
    # The loops use the first ten items alone.
    if n & 1:
        data.extend(range(50))
    else:
        del data[10:]


data = list(range(10))


def loop(n):
    total = 0
    x = 0.5
    for i in range(n):
        total += int(helper(i))
        total += int(config.apply(i))
        total += data[i % 10]
        x = x * 0.5 + i
    return total, x


ACTIONS = [swap_code, rebind_globals, change_class, change_method, change_instance, resize_list]
want = loop(2000)


def run(actions, workers):
    global stop
    stop = False
    results = []

    def work():
        for n in range(6):
            results.append(loop(2000))

    threads = [threading.Thread(target=meddle, args=(action,)) for action in actions]
    loops = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads + loops:
        thread.start()
    for thread in loops:
        thread.join()
    stop = True
    for thread in threads:
        thread.join()
    return len(results), all(result == want for result in results)


for action in ACTIONS:
    print(action.__name__, run([action], 2))
print("all", run(ACTIONS, 3))
print(loop(2000) == want)
