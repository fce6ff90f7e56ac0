# The same hot code in subinterpreters, with their own types and globals, beside a hot main interpreter.
# native: yes

from concurrent import interpreters

SOURCE = """
def leaf(i):
    return i * scale

def loop(n):
    s = 0
    x = 0.5
    for i in range(n):
        s += leaf(i)
        x = x * 0.5 + i
    return s, x

result = loop(800)
"""


def main_loop(n, at, action):
    s = 0
    for i in range(n):
        s += i * 3
        if i == at:
            action()
    return s


def run(scale):
    interpreter = interpreters.create()
    queue = interpreters.create_queue()
    interpreter.prepare_main(scale=scale, queue=queue)
    interpreter.exec(SOURCE + "queue.put(result)")
    result = queue.get()
    interpreter.close()
    return result


namespace = {"scale": 2}
exec(SOURCE, namespace)
print(namespace["result"])
for scale in (2, 3, 0.5):
    print(run(scale))
results = []
print(main_loop(900, 500, lambda: results.append(run(7))), results)
namespace["scale"] = 4
print(namespace["loop"](500))
