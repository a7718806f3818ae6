# SPDX-License-Identifier: Apache-2.0
from itertools import product

import numpy as np
import pytest

from image_classification.CFC_SP.core.cascade_settings import Temperature, calibration_table, log_shares
from image_classification.CFC_SP.core.kinds import KINDS
from image_classification.CFC_SP.core.reference import cascade_reference, lasting_by_loop
from image_classification.CFC_SP.core.track_cascade import TrackCascade, lasting

TEMPERATURES = [Temperature(1.0, 2.0), Temperature(2.5, 3.5)], [Temperature(0.7, 1.4), Temperature(), Temperature(1.6, 1.2)]
SHARES = [0.3, 0.1, 0.06, 0.08, 0.2, 0.12, 0.1, 0.04]
CALIBRATION = {"probabilities": (0.7, 1.3), "decoder": (0.6, 0.8)}


def logits(frames, seed=0):
    """Of two coarse networks and three negative ones, Negative the class of about half the frames, and which frames are valid."""
    rng = np.random.default_rng([seed, frames])
    coarse = rng.normal(0, 2, (2, frames, 5)).astype(np.float32)
    coarse[:, :, 4] += 2
    return coarse, rng.normal(0, 2, (3, frames, 4)).astype(np.float32), rng.random(frames) >= 0.25


@pytest.mark.parametrize(("normalizer", "scope"), list(product(("count", "window"), ("routed", "all"))))
def test_it_decides_as_the_plain_loops_do(normalizer, scope):
    cascade = TrackCascade(*TEMPERATURES, normalizer, scope, log_shares(SHARES), calibration_table(CALIBRATION))
    for frames, window, (number, kind), tau in product((1, 2, 23), (0, 1, 8), enumerate(KINDS), (0.0, 0.7)):
        arrays = *logits(frames), np.array([window])
        found = cascade(*arrays, np.array([number]), np.array([tau], np.float32))
        expected = cascade_reference(*arrays, *TEMPERATURES, normalizer, scope, SHARES, CALIBRATION, kind=kind, tau=tau)
        for a, b in zip(found[:3], expected[:3], strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(found[3:], expected[3:], strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)
            assert a.dtype == np.float32


def test_without_kind_and_prior_it_is_the_papers():
    cascade = TrackCascade(*TEMPERATURES, "window", "routed", log_shares(SHARES), calibration_table(None))
    arrays = *logits(9), np.array([4])
    for a, b in zip(cascade(*arrays), cascade(*arrays, np.array([0]), np.zeros(1, np.float32)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_a_frame_without_a_face_holds_is_never_read():
    cascade = TrackCascade(*TEMPERATURES, "count", "routed", log_shares(None), calibration_table(None))
    coarse, negative, valid = logits(12)
    expected = cascade(coarse, negative, valid, 6)
    coarse[:, ~valid], negative[:, ~valid] = np.nan, np.inf
    for kind in range(len(KINDS)):
        assert all(np.isfinite(part).all() for part in cascade(coarse, negative, valid, 6, kind))
    for a, b in zip(cascade(coarse, negative, valid, 6), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shortest", [0, 1, 2, 3, 6, 50])
def test_labels_last_as_the_loop_says(shortest):
    rng = np.random.default_rng(shortest)
    for count in (1, 2, 40):
        labels = np.repeat(rng.integers(0, 8, count), rng.integers(1, 6, count))
        np.testing.assert_array_equal(lasting(labels, shortest), lasting_by_loop(labels, shortest))
