# SPDX-License-Identifier: Apache-2.0
"""The counter that other tests lean on."""

import sys

import pytest

from tests.work import TooMuchWorkError, bounded_work


def test_work_beyond_the_bound_is_ended_whatever_it_catches():
    def rounds():
        while True:
            try:
                len("")
            except Exception:
                continue

    with pytest.raises(TooMuchWorkError, match="more than 1000 calls"), bounded_work(1000):
        rounds()
    assert sys.getprofile() is None


def test_work_within_the_bound_goes_on():
    with bounded_work(1000):
        assert sum(len("ab") for _ in range(300)) == 600
    assert sys.getprofile() is None
