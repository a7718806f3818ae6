# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from image_classification.CFC_SP.core.aligner import CropGeometry, align_face, crop_face
from image_classification.CFC_SP.core.alignment import TEMPLATE
from image_classification.CFC_SP.core.records import Faces


def replicated(image, left, top, side):
    """The square by plain indexing, out-of-range indices moved to the edge."""
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    return image[rows][:, columns]


def test_a_training_picture_comes_back_bit_for_bit():
    picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    np.testing.assert_array_equal(crop_face(picture, (0, 0, 48, 48), 48), picture)


@pytest.mark.parametrize(
    ("box", "left", "top", "side"),
    [
        ((100, 50, 180, 150), 90, 50, 100),
        ((100, 50, 200, 90), 100, 20, 100),
        ((-30, -20, 50, 80), -40, -20, 100),
        ((480, 470, 540, 570), 460, 470, 100),
        ((-300, 100, -200, 200), -300, 100, 100),
        ((600, 700, 700, 800), 600, 700, 100),
        ((100.3, 50.2, 200.1, 140.3), 100, 45, 100),
    ],
    ids=["tall", "wide", "over the top left", "over the bottom right", "left of the frame", "beyond the frame", "between pixels"],
)
def test_the_square_is_on_the_longer_side_about_the_centre(astronaut, box, left, top, side):
    np.testing.assert_array_equal(crop_face(astronaut, box, side), replicated(astronaut, left, top, side))


def test_shrinking_averages_whole_pixels(astronaut):
    square = replicated(astronaut, 170, 50, 144).astype(float)
    expected = square.reshape(48, 3, 48, 3, 3).mean(axis=(1, 3))
    assert np.abs(crop_face(astronaut, (170, 50, 314, 194), 48) - expected).max() <= 0.51


def test_margin_lengthens_the_square(astronaut):
    np.testing.assert_array_equal(crop_face(astronaut, (100, 100, 200, 180), 130, margin=0.3), replicated(astronaut, 85, 75, 130))


def test_growing_keeps_the_picture(astronaut):
    grown = crop_face(astronaut, (200, 80, 224, 104), 96)
    assert grown.shape == (96, 96, 3)
    back = grown.reshape(24, 4, 24, 4, 3).mean(axis=(1, 3))
    assert np.abs(back - replicated(astronaut, 200, 80, 24)).mean() < 3


def test_a_face_that_moves_by_whole_pixels_gives_the_same_crop(astronaut):
    first = crop_face(astronaut, (180.4, 60.7, 268.4, 172.2), 48)
    moved = np.roll(astronaut, (9, -13), (0, 1))
    np.testing.assert_array_equal(crop_face(moved, (167.4, 69.7, 255.4, 181.2), 48), first)


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (10, 20, 30, 10), (0, 0, float("nan"), 5)])
def test_a_box_without_area_is_refused(astronaut, box):
    with pytest.raises(ValueError, match="expected a box"):
        crop_face(astronaut, box, 48)


def test_geometry_crops_every_face_in_order(astronaut):
    boxes = np.array([[180, 60, 268, 172], [-5, 0, 40, 30], [0, 0, 512, 512]], np.float32)
    faces = Faces(boxes, np.ones(3, np.float32), np.zeros((3, 5, 2), np.float32))
    crops = CropGeometry(size=64, margin=0.1).crop(astronaut, faces)
    assert crops.shape == (3, 64, 64, 3) and crops.dtype == np.uint8
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_array_equal(crop, crop_face(astronaut, box, 64, 0.1))
    assert CropGeometry(48).crop(astronaut, Faces.empty()).shape == (0, 48, 48, 3)


# The astronaut's eyes, nose and corners of the mouth, as they are seen.
POINTS = np.array([(202.0, 107), (243, 107), (223, 132), (206, 150), (241, 150)])


def test_an_aligned_face_is_face_recognition_s_own_crop(astronaut):
    """Against scikit-image's estimate and one warp, as FaceX-Zoo cuts faces out; here it is cubic, and pixels count from their corners."""
    small, points = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), POINTS / 2
    turn = SimilarityTransform.from_estimate(points - 0.5, TEMPLATE)
    expected = cv2.warpAffine(small, turn.params[:2], (112, 112), flags=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(align_face(small, points, 112), expected)
    # At twice the side each pixel has four, and they lie where it lay.
    halved = align_face(small, points, 224).reshape(112, 2, 112, 2, 3).mean((1, 3))
    assert np.abs(halved - expected).mean() < 1


@pytest.mark.parametrize(("size", "margin"), [(48, 0.0), (112, 0.25)])
def test_the_points_lie_where_the_template_has_them(size, margin):
    """Dots on a large dark picture, which is averaged."""
    points = (POINTS - POINTS.mean(0)) @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 8 + 640
    image = np.zeros((1280, 1280, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x - 0.5), round(y - 0.5)), 12, (255, 255, 255), -1)
    crop = align_face(image, points, size, margin)
    turn = SimilarityTransform.from_estimate(points, ((TEMPLATE - 55.5) / (1 + margin) + 56) * size / 112)
    for x, y in turn(points):
        assert crop[int(y), int(x)].min() > 60
    dark = crop.copy()
    for x, y in turn(points):
        cv2.circle(dark, (int(x), int(y)), size // 12, (0, 0, 0), -1)
    assert not dark.any()


def test_a_tilted_head_gives_the_crop_of_an_upright_one(astronaut):
    matrix = cv2.getRotationMatrix2D((223, 130), 20, 1)
    tilted = cv2.warpAffine(astronaut, matrix, (512, 512), flags=cv2.INTER_CUBIC)
    moved = np.column_stack([POINTS - 0.5, np.ones(5)]) @ matrix.T + 0.5
    assert np.abs(align_face(tilted, moved, 64).astype(int) - align_face(astronaut, POINTS, 64)).mean() < 1.5


def test_points_far_outside_or_mirrored_give_a_crop_all_the_same(astronaut):
    for points in (POINTS * 50, POINTS - 5000, POINTS * (-1, 1), POINTS * 1e-3):
        crop = CropGeometry(48, align="similarity").crop(astronaut, face_of(points))
        assert crop.shape == (1, 48, 48, 3)


def test_a_face_without_points_is_cut_out_upright(astronaut):
    crops = CropGeometry(48, align="similarity").crop(astronaut, face_of(np.full((5, 2), 200)))
    np.testing.assert_array_equal(crops[0], crop_face(astronaut, (180, 60, 268, 172), 48))


def face_of(points):
    box = np.array([[180, 60, 268, 172]], np.float32)
    return Faces(box, np.ones(1, np.float32), np.asarray(points, np.float32)[None])
