# SPDX-License-Identifier: Apache-2.0
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.core.aligner import crop_face
from image_classification.CFC_SP.data.transforms import _jitter, augment
from tests.data.no_augmentation import OFF


def variant(picture, seed=0, size=48, **changes):
    return augment(picture, size, SimpleNamespace(**OFF | changes), np.random.default_rng(seed))


@pytest.fixture
def picture():
    return np.random.default_rng(4).integers(0, 256, (48, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("seed", range(3))
def test_everything_off_is_the_identity(picture, seed):
    np.testing.assert_array_equal(variant(picture, seed), picture)


def test_everything_off_is_the_crop_of_validation(picture):
    np.testing.assert_array_equal(variant(picture), crop_face(picture, (0, 0, 48, 48), 48))


@pytest.mark.parametrize("shape", [(48, 48, 3), (120, 90, 3), (31, 64, 3)])
@pytest.mark.parametrize("size", [48, 20, 112])
def test_shape_and_type_whatever_the_picture(shape, size):
    rng = np.random.default_rng(5)
    everything = {"ROTATION": 20.0, "SCALE": 0.3, "SHIFT": 0.2, "FLIP": 0.9, "JITTER": 0.5, "BLUR": 0.9, "LOW_RES": 0.9, "NOISE": 0.9}
    everything["ERASING"] = 0.9
    crop = augment(rng.integers(0, 256, shape, dtype=np.uint8), size, SimpleNamespace(**OFF | everything), rng)
    assert (crop.shape, crop.dtype) == ((size, size, 3), np.uint8)


def test_picture_is_left_as_it_was(picture):
    before = picture.copy()
    variant(picture, FLIP=1.0, JITTER=0.3, BLUR=1.0, ERASING=1.0)
    np.testing.assert_array_equal(picture, before)


def changed(picture, key, probability):
    return np.mean([(variant(picture, seed, **{key: probability}) != picture).any() for seed in range(400)])


@pytest.mark.parametrize("key", ["FLIP", "BLUR", "LOW_RES", "NOISE", "ERASING"])
def test_probabilities_are_those_of_applying(picture, key):
    """The upstream code has it the other way round: its 0.2 happens in 80 % of the pictures."""
    assert changed(picture, key, 0.0) == 0
    assert changed(picture, key, 1.0) == 1
    # Three standard deviations of 400 draws at 0.2 are 0.06.
    assert abs(changed(picture, key, 0.2) - 0.2) < 0.06


def test_flip_mirrors(picture):
    np.testing.assert_array_equal(variant(picture, FLIP=1.0), picture[:, ::-1])


def test_blur_is_of_the_given_sigma(picture):
    """In pixels of the crop. Against a Gaussian written out; the cut-off of its kernel costs two grey levels."""
    positions = np.arange(-8, 9)
    for size, sigma in ((48, 0.5), (96, 0.5)):
        crop = cv2.resize(picture, (size, size), interpolation=cv2.INTER_NEAREST)
        weights = np.exp(-(positions**2) / (2 * sigma**2))
        weights /= weights.sum()
        blurred = crop.astype(float)
        for axis in (0, 1):
            blurred = np.apply_along_axis(np.convolve, axis, blurred, weights, mode="same")
        inner = np.s_[10:-10, 10:-10]
        assert np.abs(variant(crop, size=size, BLUR=1.0)[inner].astype(float) - blurred[inner]).max() <= 2.5


@pytest.mark.parametrize("seed", range(8))
def test_erasing_replaces_one_rectangle_of_the_area(picture, seed):
    changes = (variant(picture, seed, ERASING=1.0) != picture).any(2)
    rows, columns = np.flatnonzero(changes.any(1)), np.flatnonzero(changes.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    # Noise meets the picture's own value now and then.
    assert changes.sum() > 0.95 * height * width
    assert abs(height * width / 48**2 - 0.1) < 0.015
    assert 0.25 < width / height < 4
    assert (np.diff(variant(picture, seed, ERASING=1.0)[changes], axis=1) == 0).all()


def test_jitter_of_a_grey_picture_stays_grey_and_within_its_share():
    grey = np.full((48, 48, 3), 100, np.uint8)
    levels = []
    for seed in range(60):
        crop = variant(grey, seed, JITTER=0.2)
        assert (crop == crop[0, 0, 0]).all()
        levels.append(int(crop[0, 0, 0]))
    # A flat grey picture has no contrast and no saturation: only brightness moves it.
    assert 79 <= min(levels) < 85
    assert 115 < max(levels) <= 120


def spots(seed, **changes):
    """The x, y of two bright spots, 10 px left and right of the centre of a 49 px picture, after the change."""
    black = np.zeros((49, 49, 3), np.uint8)
    centres = []
    for x in (14, 34):
        picture = black.copy()
        picture[23:26, x - 1 : x + 2] = 255
        weight = variant(picture, seed, size=49, **changes)[..., 0].astype(float)
        centres.append(np.array([(weight.sum(0) @ np.arange(49)), (weight.sum(1) @ np.arange(49))]) / weight.sum())
    return centres


@pytest.mark.parametrize(("key", "limit"), [("ROTATION", 14.0), ("SCALE", 0.17), ("SHIFT", 0.12)])
def test_warp_reaches_its_limits_either_way_and_keeps_to_them(key, limit):
    drawn = []
    for seed in range(60):
        left, right = spots(seed, **{key: limit})
        across, centre = right - left, (left + right) / 2 - 24
        drawn.append(
            {
                "ROTATION": np.degrees(np.arctan2(across[1], across[0])),
                "SCALE": np.hypot(*across) / 20 - 1,
                "SHIFT": centre[0] / 49,
            }[key]
        )
    assert -1.05 * limit < min(drawn) < -0.8 * limit
    assert 0.8 * limit < max(drawn) < 1.05 * limit


def test_edges_go_on_outside_the_picture():
    white = np.full((48, 48, 3), 255, np.uint8)
    assert (variant(white, 1, ROTATION=14.0, SCALE=0.17, SHIFT=0.12) == 255).all()


def test_jitter_against_a_loop():
    """Brightness, contrast and saturation one after the other; each value is rounded, and so is the grey that it leans on."""
    picture = np.random.default_rng(2).integers(60, 190, (9, 7, 3), dtype=np.uint8)
    luma = np.array([0.299, 0.587, 0.114])
    for seed in range(5):
        brightness, contrast, saturation = 1 + np.random.default_rng(seed).uniform(-0.2, 0.2, 3)
        mean = np.mean([pixel @ luma for row in picture for pixel in row])
        expected = np.empty(picture.shape)
        for y, row in enumerate(picture):
            for x, pixel in enumerate(row):
                coloured = pixel @ luma + (pixel - pixel @ luma) * saturation
                expected[y, x] = ((coloured - mean) * contrast + mean) * brightness
        np.testing.assert_allclose(_jitter(picture, 0.2, np.random.default_rng(seed)), np.clip(expected, 0, 255), atol=0.65)


def test_noise_has_the_deviation_asked_for_and_keeps_grey_grey():
    grey = np.full((48, 48, 3), 128, np.uint8)
    noisy = variant(grey, NOISE=1.0, NOISE_SIGMA=[12.0, 12.0]).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=1) and noisy.std() == pytest.approx(12, rel=0.1)
    np.testing.assert_array_equal(noisy[..., 0], noisy[..., 1])


def test_loss_of_resolution_takes_detail_and_leaves_what_is_smooth(picture):
    slope = np.repeat(np.linspace(40, 200, 48)[None, :, None], 48, axis=0).repeat(3, axis=2).astype(np.uint8)
    assert np.abs(variant(slope, LOW_RES=1.0).astype(int) - slope).mean() < 2
    assert variant(picture, LOW_RES=1.0).std() < 0.7 * picture.std()


def test_grey_has_three_equal_channels_of_the_luma(picture):
    grey = variant(picture, GREY=1.0)
    np.testing.assert_allclose(grey[..., 0], picture @ np.array([0.299, 0.587, 0.114]), atol=1)
    assert (np.diff(grey, axis=2) == 0).all()


@pytest.mark.parametrize(("key", "share"), [("ROTATION", 30.0), ("JITTER", 0.9)])
def test_rotation_and_jitter_happen_as_often_as_is_said(picture, key, share):
    found = [(variant(picture, seed, **{key: share, f"{key}_PROB": 0.2}) != picture).any() for seed in range(400)]
    assert abs(np.mean(found) - 0.2) < 0.06
    np.testing.assert_array_equal(variant(picture, 1, **{key: share, f"{key}_PROB": 0.0}), picture)


def test_a_random_square_lies_inside_the_picture_and_has_its_share():
    """A ramp of columns and one of rows: which columns and rows are left says where the square was."""
    ramp = np.stack(np.meshgrid(np.arange(0, 240, 5), np.arange(0, 240, 5)), axis=2).astype(np.uint8)
    picture = np.concatenate([ramp, ramp[..., :1]], axis=2)
    sides, corners = [], []
    for seed in range(200):
        square = variant(picture, seed, CROP_AREA=[0.08, 1.0])
        low, high = square[4:-4, 4:-4].min((0, 1))[:2] / 5, square[4:-4, 4:-4].max((0, 1))[:2] / 5
        width = (high - low) / 39 * 48
        np.testing.assert_allclose(width[0], width[1], atol=0.6)
        sides.append(width[0] / 48)
        corners.append(low - 4 / 48 * width)
        assert (corners[-1] > -0.8).all() and (corners[-1] + width < 48.8).all()
    assert min(sides) < 0.35 and max(sides) > 0.95
    # Areas are even from 0.08 to 1.
    assert np.mean(np.square(sides)) == pytest.approx(0.54, abs=0.06)
    assert np.ptp(corners, axis=0).min() > 20
