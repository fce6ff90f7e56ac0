"""The few figures that samples are reduced to."""

import math
import statistics


def median(values):
    return statistics.median(values)


def quartiles(values):
    """The first and third quartile: half of the samples lie between them."""
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def paired_ratios(yardstick, other):
    """``yardstick / other`` sample by sample: what slowed both down cancels out."""
    return [a / b for a, b in zip(yardstick, other)]


def work_within(timings, seconds):
    """How many loops were done in the first ``seconds``; ``timings`` are pairs (loops, seconds)."""
    done, clock = 0.0, 0.0
    for loops, taken in timings:
        if clock + taken >= seconds:
            return done + loops * (seconds - clock) / taken
        done += loops
        clock += taken
    # They ended early: the rest at the mean speed.
    return done * seconds / clock


def work_rate_ratio(yardstick, other, seconds):
    return work_within(other, seconds) / work_within(yardstick, seconds)
