# Instance attributes deleted, added, __dict__ replaced, __class__ assigned in the middle of loops.
# native: yes


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def norm(self):
        return self.x * self.x + self.y * self.y


class Other:
    def norm(self):
        return -self.x


def drive(n, at, action):
    p = Point(1, 2)
    s = 0
    log = None
    for i in range(n):
        try:
            p.x = p.x + 1
            s += p.norm()
        except AttributeError as error:
            log = str(error)
            p.x = 5
        if i == at:
            action(p)
    return s, log, sorted(p.__dict__.items()), type(p).__name__


def delete(p):
    del p.x


def add(p):
    p.z = 1
    p.w = 2


def replace_dict(p):
    p.__dict__ = {"y": 7, "x": 100}


def same_dict_other_order(p):
    p.__dict__ = dict(reversed(p.__dict__.items()))


def materialize_dict(p):
    p.__dict__["x"] = -50


def clear_dict(p):
    p.__dict__.clear()
    p.__dict__["y"] = 3


def change_class(p):
    p.__class__ = Other


def change_type(p):
    p.y = 0.25


def non_string_key(p):
    p.__dict__[3] = "three"
    del p.__dict__[3]


def shared_dict(p):
    q = Point(0, 0)
    q.__dict__ = p.__dict__
    q.x = 1000


for action in (
    delete,
    add,
    replace_dict,
    same_dict_other_order,
    materialize_dict,
    clear_dict,
    change_class,
    change_type,
    non_string_key,
    shared_dict,
):
    print(action.__name__, *drive(800, 400, action))


def different_shapes(n):
    """The same attribute at another place in each instance."""
    objects = []
    for k in range(6):
        p = Point.__new__(Point)
        for name in ("a", "b", "c", "d", "e")[:k]:
            setattr(p, name, k)
        p.x, p.y = k, 1
        objects.append(p)
    s = 0
    for i in range(n):
        s += objects[i % 6].norm()
    return s


def many_attributes(n):
    p = Point(0, 0)
    for i in range(n):
        setattr(p, f"attribute{i % 60}", i)
        p.x += len(p.__dict__)
    return p.x, len(vars(p)), p.attribute59


def dict_view_alive(n):
    p = Point(1, 1)
    d = p.__dict__
    s = 0
    for i in range(n):
        p.x = i
        s += d["x"]
        d["y"] = i
        s += p.y
    return s


print(different_shapes(900), many_attributes(700), dict_view_alive(700))
