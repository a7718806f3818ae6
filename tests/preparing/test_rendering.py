# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

import numpy as np
import pytest

from image_classification.CFC_SP.preparing.clip_script import NOBODY, Script
from image_classification.CFC_SP.preparing.rendering import HEIGHT, WIDTH, cut_out, draw_places, paste, plain_views, render


@pytest.fixture
def face():
    """A grey square that is darker at its left and at its top."""
    return np.add.outer(np.arange(48), np.arange(48) * 2).astype(np.uint8) + 60


def still(frames, first, second=NOBODY, mix=0.0):
    full = [np.full(frames, value) for value in (first, second)]
    return Script(*full, np.full(frames, mix, np.float32), np.zeros(frames, int))


def test_a_picture_lies_where_it_should(face):
    background = np.full((HEIGHT, WIDTH), 7, np.float32)
    frame = paste(background, *cut_out(face), np.array([100.0, 120.0, 96.0, 0.0]))
    # Each pixel of the picture becomes 2 x 2 of the frame, so their mean gives it back.
    square = frame[72:168, 52:148].reshape(48, 2, 48, 2).mean((1, 3))
    inside = np.hypot(*np.mgrid[-23.5:24, -23.5:24]) < 26
    assert np.abs(square - face)[inside].max() < 1
    assert frame[120, 10] == frame[5, 5] == frame[120, 200] == 7
    np.testing.assert_array_equal(background, 7)


def test_a_picture_turns_against_the_clock(face):
    upright, turned = (paste(np.zeros((HEIGHT, WIDTH), np.float32), *cut_out(face), np.array([160, 120, 96, turn])) for turn in (0, 90))
    np.testing.assert_allclose(turned[72:168, 112:208], np.rot90(upright[72:168, 112:208]), atol=0.5)


def test_plain_views_name_the_box(face):
    for view, box in plain_views(face):
        assert view.shape == (HEIGHT, WIDTH, 3) and view.dtype == np.uint8
        x1, y1, x2, y2 = box.round().astype(int)
        assert view[(y1 + y2) // 2, (x1 + x2) // 2, 0] == pytest.approx(face[24, 24], abs=4)
        assert view[y1 + 30, 5, 0] == view[5, x1 + 30, 0] == 50


def frames_of(script, face, seed=3):
    rng = np.random.default_rng(seed)
    return list(render(script, {5: face, 6: 255 - face}, draw_places(len(script), rng), rng))


def test_frames_change_a_little_from_one_to_the_next(face):
    frames = frames_of(still(60, 5), face)
    assert len(frames) == 60
    assert all(frame.shape == (HEIGHT, WIDTH, 3) and frame.dtype == np.uint8 for frame in frames)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert 0.5 < np.median(steps) < 10
    # Over a second the face has moved and the light has changed.
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1.2 * np.median(steps)


def test_a_fade_lies_between_its_two_faces(face):
    first, second, between = (np.mean(frames_of(script, face), axis=0) for script in (still(8, 5), still(8, 6), still(8, 5, 6, 0.5)))
    assert np.abs((first + second) / 2 - between).max() < 3
    assert np.abs(first - between).max() > 20


def test_nobody_is_the_background(face):
    empty = np.mean(frames_of(still(8, NOBODY), face), axis=0)
    seen = np.mean(frames_of(still(8, 5), face), axis=0)
    assert empty.std() < seen.std() / 2
    faded = np.mean(frames_of(still(8, 5, NOBODY, 0.5), face), axis=0)
    assert np.abs((empty + seen) / 2 - faded).max() < 3


def test_paths_have_the_spread_that_was_asked_for():
    places = np.concatenate([draw_places(900, np.random.default_rng(seed)) for seed in range(30)])
    np.testing.assert_allclose(places.mean(0)[:2], (WIDTH / 2, HEIGHT / 2), atol=4)
    np.testing.assert_allclose(places.std(0)[:2], (20, 7), rtol=0.15)
    assert 80 < places[:, 2].mean() < 140
