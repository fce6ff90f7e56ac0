# os.fork in the callee of a hot loop: the child goes on in the loop, the parent as well; both are checked.
# exits: vary
# native: yes

import os
import sys
import warnings

warnings.simplefilter("ignore")


def helper(i, s):
    return s + i * 3 - (i & 7)


def branch(i, at, pipes):
    """Fork at iteration `at`; true in the child."""
    if i != at:
        return False
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        pipes.append(w)
        return True
    os.close(w)
    pipes.append((pid, r))
    return False


def loop(n, at):
    pipes = []
    s = 0
    x = 1.0
    child = False
    for i in range(n):
        s = helper(i, s)
        x = x * 0.99 + i
        if branch(i, at, pipes):
            child = True
            s = -s
    if child:
        os.write(pipes[0], repr((s, x)).encode())
        os._exit(7)
    pid, r = pipes[0]
    with open(r, "rb") as pipe:
        answer = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    return s, x, answer, os.waitstatus_to_exitcode(status)


sys.stdout.flush()
print(loop(1000, 777))
print(loop(1000, 0))


def child_makes_new_code(n):
    """In the child, functions that were never hot before become hot."""
    r, w = os.pipe()
    s = 0
    for i in range(n):
        s = helper(i, s)
        if i == 500:
            pid = os.fork()
            if pid == 0:

                def fresh(m):
                    t = 0
                    for k in range(m):
                        t += k * k % 11
                    return t

                total = sum(fresh(400) for _ in range(3))
                os.write(w, str(total).encode())
                os._exit(0)
    os.close(w)
    with open(r, "rb") as pipe:
        answer = pipe.read().decode()
    return s, answer, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


print(child_makes_new_code(800))


def after_fork_hooks(n):
    log = []
    os.register_at_fork(
        before=lambda: log.append("before"),
        after_in_parent=lambda: log.append("parent"),
    )
    s = 0
    for i in range(n):
        s += i
        if i % 200 == 199:
            pid = os.fork()
            if pid == 0:
                os._exit(s % 256)
            log.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == s % 256)
    return s, log


print(after_fork_hooks(500))
