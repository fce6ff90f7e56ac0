"""Sorting with keys computed by Python functions."""

N = 70_000


class Record:
    __slots__ = ("name", "size", "weight")

    def __init__(self, number):
        self.name = f"r{number * 7919 % N:05}"
        self.size = number * 31 % 1009
        self.weight = number * 17 % 523 / 8


def by_size_then_name(record):
    return record.size, record.name


def run():
    records = [Record(i) for i in range(N)]
    records.sort(key=by_size_then_name)
    first = records[N // 3].name
    records.sort(key=lambda record: -record.weight)
    second = records[N // 3].name
    smallest = min(records, key=lambda record: record.size * 1000 + int(record.weight))
    return first, second, smallest.name


EXPECTED = ("r20520", "r05585", "r00000")
