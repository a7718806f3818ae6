# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.writers.movie_clock import MovieClock


def shown(times, begin_s):
    clock = MovieClock()
    clock.begin(begin_s)
    return clock, [clock.frame(time_s) for time_s in times]


def test_the_movie_begins_with_the_clip_and_keeps_gaps_of_minutes():
    clock, found = shown([7200.5, 7200.54, 7500.0], 7200.0)
    assert found == pytest.approx([0.5, 0.54, 300.0]) and clock.warnings() == []
    assert clock.of(7300.0) == pytest.approx(100.0) and clock.of(7199.0) == pytest.approx(-1.0)


def test_gaps_of_hours_become_one_second():
    clock, found = shown([0.0, 0.04, 25_000.0, 25_000.04, 90_000.0], 0.0)
    assert found == pytest.approx([0.0, 0.04, 1.04, 1.08, 2.08])
    (warning,) = clock.warnings()
    assert "0.040 s to 25000.000 s (and 1 more)" in warning
    # Sound beside the gap is heard, as far as the second that is left of it goes.
    assert clock.of(0.3) == pytest.approx(0.3) and clock.of(24_999.9) == pytest.approx(0.94)
    assert clock.of(10_000.0) is None and clock.of(25_000.02) == pytest.approx(1.06)
