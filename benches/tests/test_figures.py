"""From samples to figures, tables, charts and comparisons."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from tierup_bench import __main__, charts, compare, derive, page, sections, stats, text, tiers
from tierup_bench.derive import Speedup


def samples(*rounds, first=1.0):
    return {"first": [first], "warm_up": [[[1, first], [1, rounds[0]]]], "rounds": [list(rounds)]}


def result(tierup, **more):
    """A result of one kernel, under plain CPython in a second per loop."""
    programs = {"loop": {"plain": samples(1.0, 1.0, 1.0), "tierup": tierup, **more}}
    return {
        "contestants": [
            {"name": name, "title": name.title(), "origin": {"version": "3.14.1"}, "variables": {}}
            for name in ("plain", "tierup", *more)
        ],
        "skipped": [{"name": "pypy", "reason": "there is no <pypy3>"}],
        "machine": {
            "cpu": "x",
            "cores": 2,
            "memory": 2**30,
            "system": "y",
            "kernel": "6",
            "load": [0, 0, 0],
        },
        "command": "cargo xtask bench kernels",
        "date": "2026-01-01 00:00 UTC",
        "commit": "abc",
        "modified": False,
        "rustc": "rustc 1",
        "suites": {"kernels": {"programs": programs}},
    }


def test_ratios_are_taken_in_pairs():
    # The medians of the columns are both 4: the pairs say 2.
    plain, other = [[2.0, 20.0, 4.0]], [[1.0, 10.0, 4.0]]
    assert derive.paired(plain, other) == [2.0, 2.0, 1.0]
    assert Speedup.of(derive.paired(plain, other)).value == 2.0


def test_quartiles():
    assert stats.quartiles([1, 2, 3, 4, 5]) == (2, 4)
    assert stats.quartiles([7]) == (7, 7)


def test_work_within_a_second():
    # Two loops of 0.4 s, then one that takes a second, of which a fifth fits.
    assert stats.work_within([(1, 0.4), (1, 0.4), (1, 1.0)], 1.0) == pytest.approx(2.2)
    # Ended after half a second: twice the work.
    assert stats.work_within([(3, 0.5)], 1.0) == pytest.approx(6)


def test_a_mean_says_over_how_many():
    rows = list(derive.rows(result(samples(0.5, 0.25, 0.1))["suites"]["kernels"]))
    figures = [row[2]["tierup"] for row in rows]
    assert derive.mean(figures, "warm") == derive.Mean(pytest.approx(4.0), 1, 1)
    failed = derive.Figures(error="it crashed")
    assert derive.mean([*figures, failed], "warm") == derive.Mean(pytest.approx(4.0), 1, 2)


def test_failures_are_in_the_table():
    both = list(sections.sections(result({"error": "Wrong: got 1"})))
    assert both[0].rows[0] == ["loop", "1000", "failed"]
    assert "loop does not run under Tierup: Wrong: got 1" in both[0].remarks


def test_instructions():
    measured = result(samples(1.0, 1.0))
    measured["suites"]["kernels"]["instructions"] = {
        "loop": {
            "plain": {"start": 5, "first": 900, "later": 800},
            "tierup": {"start": 5, "first": 300, "later": 200},
        }
    }
    table = list(sections.sections(measured))[2]
    assert table.rows[0] == ["loop", "3.00", "4.00"]


def test_terminal_and_markdown():
    measured = result(samples(0.5, 0.25, 0.1))
    found = list(sections.sections(measured))
    words = text.terminal(sections.heading(measured), found)
    assert re.search(r"^loop +1000 +4\.00 \(3\.00–7\.00\)$", words, re.M), words
    assert "pypy: left out: there is no <pypy3>" in words
    markdown = text.markdown(sections.heading(measured), found)
    assert "| loop | 1000 | 4.00 (3.00–7.00) |" in markdown
    assert "&lt;pypy3>" in markdown


def test_the_page_is_well_formed_and_self_contained():
    measured = result(samples(0.5, 0.25, 0.1), pypy=samples(0.1, 0.1, 0.1))
    point = {
        "at": 0.5,
        "loops": 1,
        "seconds": 0.1,
        "resident": 5e6,
        "counters": {"code.bytes": 2048},
    }
    trace = {"ready": 0.1, "resident": 4e6, "points": [point, {**point, "at": 0.6}]}
    tierup = {**trace, "compiled": [[0.2, "executor 1 <lambda>"]]}
    for suite in ("warmup", "memory"):
        measured["suites"][suite] = {
            "traces": {"loop": {"plain": trace, "tierup": tierup, "pypy": {"error": "no"}}}
        }
    measured["suites"]["startup"] = {
        "commands": {
            "pass": {
                "plain": {"seconds": [1, 1]},
                "tierup": {"seconds": [2, 2]},
                "pypy": {"error": "no"},
            }
        }
    }
    html = page.page(measured)
    body = (
        html[html.index("<body>") :].replace("</html>", "").replace("<details open>", "<details>")
    )
    tree = ElementTree.fromstring(body)
    assert len(tree.findall(".//svg")) == 6
    assert not re.search(r'(src|href)="', html)
    assert tree.find(".//line[@class='one']") is not None


def test_ticks_of_a_log_scale():
    assert charts.ticks(0.4, 6) == [0.5, 1, 2, 5]
    assert charts.ticks(0.05, 500) == pytest.approx([0.1, 1, 10, 100])


def test_warm_up_figures():
    def point(at, seconds, **counters):
        return {"at": at, "loops": 1, "seconds": seconds, "counters": counters}

    points = [
        point(1.0, 0.9, **{"tier1.entered": 1}),
        point(2.0, 0.4, **{"tier1.entered": 9, "traces.entered": 1}),
        *(point(2.0 + n, 0.2) for n in range(1, 5)),
    ]
    trace = {"points": points}
    assert derive.settled(trace) == 0.2
    assert derive.when_within(trace) == 3.0
    assert derive.tiers(trace) == {"tier 1": 1.0, "machine code": 2.0}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (samples(1.0, 1.0, 1.0), samples(0.5, 0.5, 0.5), "faster"),
        (samples(0.5, 0.5, 0.5), samples(1.0, 1.0, 1.0), "slower"),
        (samples(0.5, 1.0, 2.0), samples(0.4, 0.9, 1.9), "same"),
        (samples(0.5, 1.0, 2.0), {"error": "crash"}, "FAILS now"),
        ({"error": "crash"}, samples(0.5, 1.0, 2.0), "runs now"),
    ],
)
def test_compare(before, after, verdict):
    _, data = compare.compare(result(before), result(after))
    assert [change["verdict"] for change in data["kernels"]] == [verdict]


def test_results_of_other_suites_are_merged():
    kernels, real = result(samples(0.5)), result(samples(0.25), pypy=samples(0.1))
    real["suites"]["real"] = real["suites"].pop("kernels")
    real["command"] = "cargo xtask bench real"
    both = __main__.merged([kernels, real])
    assert [c["name"] for c in both["contestants"]] == ["plain", "tierup", "pypy"]
    titles = [section.title for section in sections.sections(both)]
    assert titles == [
        "Kernels: warm",
        "Kernels: cold",
        "Real programs: warm",
        "Real programs: cold",
    ]
    assert ("Command", "cargo xtask bench real") in list(sections.heading(both))
    with pytest.raises(__main__.Usage, match="kernels"):
        __main__.merged([result(samples(0.5)), result(samples(0.5))])


def test_shares_of_tiers_are_what_was_counted_between_two_readings():
    before = {"instructions.native": 10, "instructions.tier1": 5, "cpython.ns": 1_000}
    before |= {"cpython.frames_watched": 2, "cpython.frames_thrown_into": 0, "events": []}
    after = before | {"instructions.native": 910, "instructions.tier1": 95, "cpython.ns": 11_000}
    after["cpython.frames_watched"] = 3
    got = tiers.shares(before, after)
    assert (got.native, got.tier1, got.cpython) == (900, 90, 10_000)
    assert got.frames == {"watched": 1}
    assert got.part(got.native) == 900 / 10_990
