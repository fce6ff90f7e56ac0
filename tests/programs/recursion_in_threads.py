# Native calls in threads that take turns every few instructions.
# native: yes
# exits: vary
import sys
import threading


def deep(n):
    return 0 if n == 0 else deep(n - 1) + 1


sys.setrecursionlimit(5000)

results = []


def work(k):
    total = 0
    for i in range(300):
        total += deep(i % 50 + k) + fib(8)
    results.append((k, total))


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
interval = sys.getswitchinterval()
sys.setswitchinterval(1e-5)
for t in threads:
    t.start()
for t in threads:
    t.join()
sys.setswitchinterval(interval)
print(sorted(results))
