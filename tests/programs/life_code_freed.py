# Code dies while it runs: functions deleted and replaced from inside, generators outliving their function.
# native: yes

import gc
import weakref

log = []


def suicide(n):
    """Drops the last reference to its own function in the middle of its hot loop."""
    global suicide
    s = 0
    for i in range(n):
        s += i
        if i == n // 2:
            gone = weakref.ref(suicide, lambda _: log.append("function freed"))
            del suicide
            gc.collect()
            log.append(gone() is None)
    return s


print(suicide(800), log)
log.clear()


def make(k):
    def gen(n):
        s = 0
        for i in range(n):
            s += i * k
            yield s

    return gen


def outlive(rounds):
    total = 0
    for k in range(rounds):
        function = make(k)
        weakref.finalize(function, log.append, k)
        g = function(100)
        del function
        for x in g:
            total += x
    return total


print(outlive(10), len(log))
log.clear()


class Owner:
    """A method whose class and instance are dropped by a callee while it loops."""

    def loop(self, n):
        holder.clear()
        s = 0
        for i in range(n):
            s += self.step(i)
        return s

    def step(self, i):
        return i * 2

    def __del__(self):
        log.append("owner gone")


holder = [Owner()]
print(holder[0].loop(600), log)
log.clear()


def replaced_while_running(n):
    def callee(i):
        nonlocal callee
        r = i * 3
        if i % 100 == 50:
            callee = make_callee(i)
        return r

    s = 0
    for i in range(n):
        s += callee(i)
    return s


def make_callee(k):
    return lambda i: i + k


print(replaced_while_running(700))


def many_codes(rounds):
    """Far more hot functions than any cache is likely to keep."""
    s = 0
    for k in range(rounds):
        code = drive.__code__.replace(co_name=f"drive{k}")
        f = type(drive)(code, {"range": range, "k": k})
        s += f(30 if k % 10 else 300)
    return s


def drive(n):
    s = 0
    for i in range(n):
        s += i ^ k
    return s


print(many_codes(120))


def closures_die(n):
    for i in range(n):
        f = lambda x, i=i: x + i
        weakref.finalize(f, log.append, i)
        f(1)
        f = None
        if len(log) != i + 1:
            raise AssertionError(i)
    return len(log)


print(closures_die(500))
