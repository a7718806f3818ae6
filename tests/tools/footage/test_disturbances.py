# SPDX-License-Identifier: Apache-2.0
"""What each disturbance does to a picture."""

import numpy as np
import pytest

from tools.footage.disturbances import DISTURBANCES, Scene, on_crops

STRENGTHS = [(disturbance, strength) for disturbance in DISTURBANCES for strength in disturbance.strengths]


def named(value):
    return getattr(value, "name", value)


BY_NAME = {disturbance.name: disturbance for disturbance in DISTURBANCES}


def change(name, image, strength, boxes=((10, 20, 60, 70),), side=50):
    return BY_NAME[name].change(image, Scene(np.array(boxes, float).reshape(-1, 4), side), strength)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


@pytest.mark.parametrize(("disturbance", "strength"), STRENGTHS, ids=named)
def test_every_strength_changes_crops_and_keeps_their_shape(disturbance, strength, astronaut):
    crops = np.stack([astronaut[60:205:3, 160:305:3], astronaut[60:205:3, 160:305:3][:, ::-1]])
    before = crops.copy()
    changed = on_crops(disturbance, strength, crops)
    assert changed.shape == crops.shape and changed.dtype == np.uint8 and (crops == before).all()
    if strength < 400:  # larger than the crop: nothing but rounding
        assert not np.array_equal(changed, crops)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=named)
def test_stronger_is_further_from_the_picture(disturbance, astronaut):
    crops = astronaut[60:205:3, 160:305:3][None]
    away = [np.abs(on_crops(disturbance, strength, crops).astype(float) - crops).mean() for strength in disturbance.strengths]
    assert away[0] < away[1] < away[2]


@pytest.mark.parametrize(("disturbance", "strength"), STRENGTHS, ids=named)
def test_a_point_is_where_the_map_says(disturbance, strength):
    image = np.full((90, 120, 3), 60, np.uint8)
    image[30:35, 80:85] = 250  # its centre is at 82, 32
    scene = Scene(np.zeros((0, 4)), 50)
    after = disturbance.change(image, scene, strength).astype(int).sum(2)
    bright = np.argwhere(after > (after.min() + after.max()) / 2).mean(0)[::-1]
    expected = disturbance.moved((120, 90), scene, strength) @ [82, 32, 1]
    assert np.linalg.norm(bright - expected) < 0.05 * after.shape[1]


def test_light_and_colour_by_a_plain_loop(noise):
    cast, dark = change("colour cast", noise, 0.25), change("darker", noise, 0.5)
    for y, x in ((0, 0), (40, 77), (89, 119)):
        r, g, b = (int(value) for value in noise[y, x])
        assert cast[y, x].tolist() == [min(255, round(r * 1.25)), g, round(b * 0.75)]
        assert dark[y, x].tolist() == [round(r / 2), round(g / 2), round(b / 2)]


def test_faces_get_the_size_asked_for(noise):
    assert change("resolution", noise, 25).shape == (45, 60, 3)
    assert change("resolution", noise, 400).shape == (720, 960, 3)


def test_noise_has_its_deviation_and_is_the_same_again():
    grey = np.full((90, 120, 3), 128, np.uint8)
    noisy = change("noise", grey, 15)
    assert abs((noisy.astype(float) - 128).std() - 15) < 0.5
    assert np.array_equal(noisy, change("noise", grey, 15))


def test_glasses_sit_on_the_eyes_and_nowhere_else():
    white = np.full((90, 120, 3), 255, np.uint8)
    worn = change("glasses", white, 1.0)
    dark = np.argwhere(worn.sum(2) < 200)
    assert worn[40, 25].sum() == worn[40, 45].sum() == 0  # the eyes of the box 10, 20, 60, 70
    assert dark[:, 0].min() > 30 and dark[:, 0].max() < 50 and dark[:, 1].min() > 12 and dark[:, 1].max() < 58
    assert (change("glasses", white, 1.0, boxes=()) == 255).all()
