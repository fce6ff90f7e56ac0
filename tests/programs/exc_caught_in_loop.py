# try/except/else/finally in hot loops: handlers that fall through, continue, break and return.
# native: yes


def risky(i):
    if i % 10 == 3:
        raise ValueError(i)
    if i % 10 == 7:
        raise KeyError(i)
    return i


def all_clauses(n):
    trail = [0] * 5
    for i in range(n):
        try:
            x = risky(i)
        except ValueError as error:
            trail[0] += error.args[0]
        except KeyError, IndexError:
            trail[1] += 1
            continue
        else:
            trail[2] += x
        finally:
            trail[3] += 1
        trail[4] += 1
    return trail


def finally_overrides(n):
    log = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                continue
            if i == n - 2:
                break
            log += 1
        finally:
            log += 1000
    return log, i


def return_through_finally(n):
    out = []
    for i in range(n):
        try:
            try:
                if i == n - 1:
                    return out[-3:], i
                out.append(risky(i))
            finally:
                out.append(-i)
        except LookupError:
            out.append("lookup")
        except Exception as error:
            out.append(type(error).__name__)
    return None


def name_is_unbound_after(n):
    unbound = 0
    for i in range(n):
        try:
            risky(3)
        except ValueError as error:
            pass
        try:
            error
        except UnboundLocalError:
            unbound += 1
    return unbound


def raised_here(n):
    s = 0
    for i in range(n):
        try:
            if i & 1:
                raise StopIteration(i)
            s += 1
        except StopIteration as stop:
            s += stop.value
    return s


def from_iterator(n):
    it = iter(range(n // 2))
    s = over = 0
    for _ in range(n):
        try:
            s += next(it)
        except StopIteration:
            over += 1
    return s, over


def reraise(n):
    count = 0
    for i in range(n):
        try:
            try:
                risky(i)
            except ValueError:
                count += 1
                raise
            except KeyError as error:
                raise RuntimeError("converted") from error
        except ValueError:
            count += 100
        except RuntimeError as error:
            count += 10000 * isinstance(error.__cause__, KeyError)
    return count


def matching(n):
    kinds = (ZeroDivisionError, IndexError)
    hits = [0, 0, 0]
    for i in range(n):
        try:
            [1, 2][i % 4] // (i % 3)
        except kinds[i % 2]:
            hits[0] += 1
        except ArithmeticError:
            hits[1] += 1
        except Exception:
            hits[2] += 1
    return hits


for f in (
    all_clauses,
    finally_overrides,
    return_through_finally,
    name_is_unbound_after,
    raised_here,
):
    print(f.__name__, f(900))
print(from_iterator(600), reraise(800), matching(900))
