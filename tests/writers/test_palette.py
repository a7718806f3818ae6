# SPDX-License-Identifier: Apache-2.0
import itertools

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.writers.palette import COLOURS, text_colour

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def linear(colour):
    c = np.asarray(colour) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb_linear):
    c = np.clip(rgb_linear, 0, 1)
    srgb = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(srgb.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2LAB).ravel()


def test_every_class_has_a_colour_in_order():
    assert tuple(COLOURS) == EXPR


@pytest.mark.parametrize("vision", VISION)
def test_the_colours_are_told_apart_with_every_kind_of_sight(vision):
    seen = [lab(np.array(VISION[vision]) @ linear(colour)) for colour in COLOURS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 10


@pytest.mark.parametrize("colour", [*COLOURS.values(), (0, 0, 0), (255, 255, 255), (118, 118, 118)])
def test_text_on_a_colour_has_the_contrast_that_wcag_asks_for(colour):
    weights = (0.2126, 0.7152, 0.0722)
    light, dark = sorted((linear(c) @ weights for c in (colour, text_colour(colour))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
