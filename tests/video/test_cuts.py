import numpy as np
import pytest

from image_classification.CFC_SP.video.cuts import CutDetector
from image_classification.CFC_SP.video.reader import open_video
from tests import clips

SCENE, OTHER = clips.pictures(1)[0], 255 - clips.pictures(1)[0][::-1]


def cuts_of(frames):
    detector = CutDetector()
    return [i for i, picture in enumerate(frames) if detector.is_cut(picture)]


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
