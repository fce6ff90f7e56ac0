"""Exceptions raised and caught in loops, in the same function and through callees."""

N = 240_000


class Rejected(Exception):
    def __init__(self, number):
        self.number = number


def check(number):
    if number % 5 == 0:
        raise Rejected(number)
    return number


def checked_twice(number):
    try:
        return check(number)
    finally:
        check(1)


def run():
    accepted = rejected = missing = 0
    table = {i: i for i in range(0, 100, 3)}
    for i in range(N):
        try:
            accepted += checked_twice(i)
        except Rejected as error:
            rejected += error.number
        try:
            accepted += table[i % 100]
        except KeyError:
            missing += 1
    return accepted, rejected, missing


EXPECTED = (23044039200, 5759880000, 158400)
