"""A thread between two stages: order, bounds, errors, and an end."""

import threading
import time

import pytest

from image_classification.CFC_SP.support.prefetch import prefetch


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
        time.sleep(0.002)
        # One more is in the hands of the waiting thread.
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

    before = threading.active_count()
    items = prefetch(endless(), 2)
    next(items)
    items.close()
    assert threading.active_count() == before
    # The generator inside is closed once nothing refers to it.
    del items
    assert closed.wait(5)
