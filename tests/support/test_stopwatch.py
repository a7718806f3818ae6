# SPDX-License-Identifier: Apache-2.0
import threading

import pytest

from image_classification.CFC_SP.support import stopwatch
from image_classification.CFC_SP.support.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set forward: `clock(3)` lets three seconds pass."""
    now = [0.0]

    class Time:
        perf_counter = staticmethod(lambda: now[0])

    def forward(seconds):
        now[0] += seconds

    monkeypatch.setattr(stopwatch, "time", Time)
    return forward


def test_a_stage_does_not_count_the_stages_inside_it(clock):
    watch = Stopwatch()
    with watch.stage("outer"):
        clock(1)
        with watch.stage("inner"):
            clock(2)
            with watch.stage("outer"):
                clock(4)
        clock(8)
    assert watch.seconds == {"outer": 1 + 4 + 8, "inner": 2} and watch.total_s == 15


def test_an_error_is_counted_too(clock):
    watch = Stopwatch()
    with pytest.raises(ValueError), watch.stage("outer"), watch.stage("inner"):
        clock(2)
        raise ValueError
    assert watch.seconds == {"outer": 0, "inner": 2}


def test_the_time_that_items_take_to_come_is_counted(clock):
    def items():
        for number in range(3):
            clock(1)
            yield number
        clock(1)

    watch = Stopwatch()
    for _ in watch.each("items", items()):
        clock(10)
    watch.add("items", 0.5)
    assert watch.seconds == {"items": 4.5}


def test_threads_do_not_nest_in_each_other(clock):
    watch = Stopwatch()

    def other():
        with watch.stage("other"):
            clock(2)

    with watch.stage("outer"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert watch.seconds == {"outer": 2, "other": 2}
