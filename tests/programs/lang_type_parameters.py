# Type parameters, type aliases and deferred annotations made in hot functions (PEP 695, 696, 649).
# native: no
import annotationlib


def generic(i):
    def first[T: (int, str), *Ts, **P, D = int](x: T, *rest: *Ts) -> T:
        return x

    class Pair[K, V = None]:
        def __init__(self, k: K, v: V):
            self.k, self.v = k, v

        def swap[W](self, w: W) -> "Pair[V, K]":
            return type(self)(self.v, self.k)

    type Alias[X] = dict[X, Undefined]
    p = Pair(i, "v").swap(0)
    names = [str(t) for t in first.__type_params__] + [t.__name__ for t in Pair.__type_params__]
    return first(i), p.k, p.v, names, Alias.__name__, Alias.__type_params__[0].__name__


def annotated(i):
    def f(a: Missing, b: i + 1 = 2, *, c: "text") -> list[i]:
        return a

    forward = annotationlib.get_annotations(f, format=annotationlib.Format.STRING)
    try:
        f.__annotations__
    except NameError as error:
        return forward, str(error)


def main():
    size = 0
    for i in range(200):
        size += len(repr(generic(i))) + len(repr(annotated(i)))
    print(size)
    print(generic(1), annotated(1))

    class Late:
        x: Later
        y: int

    Later = float
    print(Late.__annotations__ == {"x": float, "y": int})


main()
