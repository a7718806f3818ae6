import os

import pytest

from image_classification.CFC_SP.errors import UserError
from image_classification.CFC_SP.parallel import in_processes


def halve(number):
    if number % 2:
        raise UserError(f"{number} is odd")
    if number == 100:
        os._exit(1)
    return number // 2, os.getpid()


def test_results_and_errors_come_by_name():
    results = dict(in_processes(halve, {"four": (4,), "five": (5,), "six": (6,)}, 1, "numbers"))
    assert results["four"]()[0] == 2 and results["six"]()[0] == 3
    assert results["four"]()[1] != os.getpid()
    with pytest.raises(UserError, match="5 is odd"):
        results["five"]()


def test_a_worker_that_was_killed_is_reported():
    with pytest.raises(UserError, match="a worker process was ended from outside"):
        list(in_processes(halve, {"end": (100,)}, 1, "numbers"))
    with pytest.raises(UserError, match="-jobs: expected 1 or more, found 0"):
        list(in_processes(halve, {}, 0, "numbers"))
