# Weak references in hot loops: callbacks, liveness at each line, WeakValueDictionary, dead proxies.
# native: yes

import weakref

log = []


class Thing:
    def __init__(self, i):
        self.i = i


def callback_order(n):
    for i in range(n):
        x = Thing(i)
        r = weakref.ref(x, lambda _, i=i: log.append(("died", i)))
        log.append(("alive", r() is x))
        x = i * 2
        log.append(("after", r() is None))
    return len(log), log[:6], log[-3:]


def alive_until_rebound(n):
    """The local keeps the object alive until the very line that rebinds it."""
    x = Thing(0)
    r = weakref.ref(x)
    lived = died = 0
    for i in range(n):
        if r() is None:
            died += 1
        else:
            lived += 1
        if i % 10 == 9:
            x = Thing(i)
            if r() is None:
                died += 1000
            r = weakref.ref(x)
    return lived, died


def last_use_is_not_death(n):
    """x is not used after its last mention, but it stays alive until the next turn."""
    alive = 0
    for i in range(n):
        x = Thing(i)
        r = weakref.ref(x)
        x.i += 1
        for _ in range(2):
            alive += r() is not None
    return alive


def callback_changes_loop(n):
    state = {"step": 1}
    s = 0

    def faster(_):
        state["step"] += 1

    for i in range(n):
        x = Thing(i)
        r = weakref.ref(x, faster if i % 100 == 0 else None)
        s += state["step"]
        x = None
        s += state["step"] * 100
    return s, state


def value_dictionary(n):
    d = weakref.WeakValueDictionary()
    sizes = 0
    keep = []
    for i in range(n):
        t = Thing(i)
        d[i] = t
        if i % 50 == 0:
            keep.append(t)
        sizes += len(d)
    del t
    return sizes, sorted(d.keys())[:3], len(d)


def proxies(n):
    dead = s = 0
    p = None
    t = Thing(1)
    for i in range(n):
        if i % 20 == 0:
            p = weakref.proxy(t)
        if i % 20 == 10:
            t = Thing(i)
        try:
            s += p.i
        except ReferenceError:
            dead += 1
    return s, dead


def finalizers(n):
    order = []
    for i in range(n):
        t = Thing(i)
        weakref.finalize(t, order.append, i)
        if i % 3 == 0:
            t = None
            order.append("x")
    return len(order), order[:5], order[-2:]


print(callback_order(400))
print(alive_until_rebound(700), last_use_is_not_death(400))
print(callback_changes_loop(600), value_dictionary(500), proxies(600), finalizers(400))
