# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.video.cuts import Change, CutDetector
from image_classification.CFC_SP.video.reader import open_video
from tests import clips

SCENE, OTHER = clips.pictures(1)[0], 255 - clips.pictures(1)[0][::-1]


def cuts_of(frames):
    detector = CutDetector()
    return [i for i, picture in enumerate(frames) if detector.look(picture).cut]


def test_cuts_in_a_row_are_all_found():
    assert cuts_of([SCENE, SCENE, OTHER, SCENE[:, ::-1], SCENE[:, ::-1]]) == [2, 3]


def test_motion_light_and_noise_are_no_cuts():
    moving = clips.pictures(30)
    darker = [(picture * 0.4).astype(np.uint8) for picture in moving[15:]]
    noise = list(np.random.default_rng(0).integers(0, 4, (5, 48, 64, 3), np.uint8))
    assert cuts_of(moving[:15] + darker) == []
    assert cuts_of(noise) == []


def test_cuts_of_a_real_clip():
    with open_video(clips.real_clip("bikes.mp4")) as video:
        assert cuts_of(frame.image for frame in video) == [30, 76, 137, 187, 242]


@pytest.mark.skipif(not clips.SHARED_CLIPS.is_dir(), reason="the clips of ../shared are not there")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stage_cuts_640x360.mp4", [20, 82, 211]),
        ("no_face_then_smile.mov", [96, 168]),
        ("smiles_480.mp4", []),
        ("frown_then_surprise_512.mp4", []),
        ("portrait_720p.mp4", []),
    ],
)
def test_cuts_of_the_shared_clips(name, expected):
    with open_video(clips.SHARED_CLIPS / name) as video:
        assert cuts_of(frame.image for frame in video) == expected


def slides_behind(face, count=3):
    """A picture that stays in the lower right corner of slides that differ as shots do."""
    slides = [np.full((360, 640, 3), (30 if i % 2 else 220), np.uint8) for i in range(count)]
    for i, slide in enumerate(slides):
        slide[40 + 60 * (i % 3) : 240, 50:400] = (200, 120, 40) if i % 2 else (10, 60, 90)
        slide[-160:, -200:] = face
    return slides


def test_a_cut_is_what_cuts_the_faces_own_surroundings(astronaut):
    face = cv2.resize(astronaut[:400], (200, 160), interpolation=cv2.INTER_AREA)
    detector = CutDetector()
    corner, elsewhere = [500, 215, 570, 300], [100, 80, 180, 180]
    for number, slide in enumerate(slides_behind(face)):
        change = detector.look(slide)
        if number:
            assert change.cut and change.reaches(np.array([corner, elsewhere], np.float32)).tolist() == [False, True]
    # Another picture in the corner, and the same one, brighter by a little and moved by a pixel.
    change = detector.look(slides_behind(face[:, ::-1], 4)[-1])
    assert change.reaches(np.array([corner], np.float32)).tolist() == [True]
    moved = np.roll(np.clip(face[:, ::-1].astype(int) + 4, 0, 255).astype(np.uint8), 1, axis=1)
    change = detector.look(slides_behind(moved)[-1])
    assert change.cut and change.reaches(np.array([corner], np.float32)).tolist() == [False]


def test_small_and_outlying_boxes_and_first_frames_are_no_fault():
    picture = clips.pictures(1)[0]
    boxes = np.array([[63.9, 47.9, 64, 48], [-30, -20, 5, 5], [60, 40, 90, 80], [0, 0, 64, 48]], np.float32)
    assert CutDetector().look(picture).reaches(boxes).all()
    assert not Change(False, picture, picture, (64, 48)).reaches(boxes).any()
    assert Change(False, picture, picture[:40], (64, 48)).reaches(boxes).all()
    assert Change(False, picture, picture, (64, 48)).reaches(boxes[:0]).shape == (0,)
