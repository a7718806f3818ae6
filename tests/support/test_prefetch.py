# SPDX-License-Identifier: Apache-2.0
"""A thread between two stages: order, bounds, errors, and an end."""

import threading

import pytest

from image_classification.CFC_SP.support.prefetch import prefetch, prefetch_map
from tests.events import LIMIT_S, wait_until


def test_items_come_in_order_from_another_thread():
    threads = set()

    def numbers():
        for number in range(100):
            threads.add(threading.current_thread())
            yield number

    assert list(prefetch(numbers(), 3)) == list(range(100))
    assert threading.current_thread() not in threads


def test_no_more_than_depth_is_made_ahead():
    made = []

    def numbers():
        for number in range(50):
            made.append(number)
            yield number

    for number in prefetch(numbers(), 4):
        # One more than four is in the hands of the waiting thread.
        wait_until(lambda: len(made) >= min(50, number + 1 + 4 + 1))  # noqa: B023
        assert len(made) <= number + 1 + 4 + 1


def test_an_error_comes_after_the_items_before_it():
    def broken():
        yield 1
        raise KeyError("two")

    items = prefetch(broken(), 4)
    assert next(items) == 1
    with pytest.raises(KeyError, match="two"):
        next(items)


def test_closing_ends_the_thread():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = set(threading.enumerate())
    items = prefetch(endless(), 2)
    next(items)
    items.close()
    assert set(threading.enumerate()) <= before
    # The generator inside is closed once nothing refers to it.
    del items
    assert closed.wait(LIMIT_S)


@pytest.mark.parametrize("threads", [1, 4])
def test_results_come_in_the_order_of_their_keys(threads):
    assert list(prefetch_map(lambda key: key * key, range(50), threads)) == [key * key for key in range(50)]


def test_threads_work_beside_each_other_and_no_further_than_their_number():
    """The first three meet; a fourth result is begun when the first has been taken."""
    meeting, begun = threading.Barrier(3), []

    def function(key):
        begun.append(key)
        if key < 3:
            meeting.wait(LIMIT_S)
        return key

    results = prefetch_map(function, range(50), 3)
    for number in results:
        wait_until(lambda: len(begun) >= min(50, number + 3))  # noqa: B023
        assert len(begun) <= number + 1 + 3


def test_an_error_of_one_result_comes_in_its_place():
    results = prefetch_map(lambda key: 1 // key, [1, 0, 1], 2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
