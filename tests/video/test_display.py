# SPDX-License-Identifier: Apache-2.0
"""Pictures as a screen shows them, from what clips say of their pixels, their place and their light."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.video.display import fitted_size
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


def images_of(path):
    with open_video(path) as video:
        images = [frame.image for frame in video]
    return images, video


def write(path, picture, aspect=None, display=None, codec="libx264"):
    """One picture; display: degrees against the clock, then whether it is mirrored left to right and upside down."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if display:
            stream.set_display_rotation(*display)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mov"])
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(24, 11), Fraction(3, 4), Fraction(12, 11)])
def test_pixels_become_square(tmp_path, name, aspect):
    picture = clips.pictures(1)[0]
    (image,), video = images_of(write(tmp_path / name, picture, aspect))
    width = round(64 * aspect)
    assert image.shape == (48, width, 3) and (video.source.width, video.source.height) == (width, 48)
    assert np.abs(image.astype(int) - cv2.resize(picture, (width, 48))).mean() < 9


def test_an_aspect_that_cannot_be_is_told_and_left_out(tmp_path):
    (image,), video = images_of(write(tmp_path / "a.ts", clips.pictures(1)[0], Fraction(20, 1)))
    assert image.shape == (48, 64, 3)
    assert len(video.warnings) == 1 and "20 times as wide" in video.warnings[0]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [(False, False), (True, False), (False, True), (True, True)])
def test_turns_and_reflections(tmp_path, turn, mirrored):
    picture = clips.pictures(1)[0]
    (image,), video = images_of(write(tmp_path / "a.mp4", picture, display=(turn, *mirrored)))
    expected = np.rot90(picture, turn // 90)
    expected = expected[:, ::-1] if mirrored[0] else expected
    expected = expected[::-1] if mirrored[1] else expected
    assert image.shape == expected.shape and np.abs(image.astype(int) - expected).mean() < 9
    # The result says how to make the one of the other.
    said = np.rot90(picture[:, ::-1] if video.source.mirrored else picture, video.source.rotation // 90)
    np.testing.assert_array_equal(said, expected)


def test_turned_pictures_of_wide_pixels(tmp_path):
    picture = clips.pictures(1)[0]
    (image,), video = images_of(write(tmp_path / "a.mp4", picture, Fraction(4, 3), (90, False, False)))
    expected = np.rot90(cv2.resize(picture, (85, 48)))
    assert (video.source.width, video.source.height) == (48, 85)
    assert image.shape == expected.shape and np.abs(image.astype(int) - expected).mean() < 9


def test_frames_of_another_shape_keep_it_on_black(tmp_path):
    wide = clips.write_clip(tmp_path / "wide.h264", clips.pictures(2, 128, 64))
    square = clips.write_clip(tmp_path / "square.h264", [np.full((96, 96, 3), 200, np.uint8)] * 2)
    both = tmp_path / "both.h264"
    both.write_bytes(wide.read_bytes() + square.read_bytes())
    images, video = images_of(both)
    assert [image.shape for image in images] == [(64, 128, 3)] * 4
    assert not images[3][:, :30].any() and not images[3][:, 98:].any() and images[3][:, 34:94].min() > 190
    assert len(video.warnings) == 1 and "128 x 64" in video.warnings[0]


def test_what_fits():
    assert fitted_size((96, 96), (128, 64)) == (64, 64)
    assert fitted_size((1, 5000), (640, 480)) == (1, 480)
    assert fitted_size((1920, 1088), (640, 363)) == (640, 363)


# BT.2100's curves and BT.2020's colours, by their formulas: the light of an SDR picture whose white is 203 cd/m2 (BT.2408).
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
LUMA = np.array([0.2627, 0.6780, 0.0593])


def perceptual_quantizer(light):
    powered = np.clip(light * 203 / 10000, 0, 1) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * powered) / (1 + 18.6875 * powered)) ** 78.84375


def hybrid_log_gamma(light):
    shown = light * 203 / 1000
    scene = shown * np.maximum((shown @ LUMA)[..., None], 1e-9) ** (1 / 1.2 - 1)
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073)


@pytest.mark.parametrize(("curve", "transfer"), [(perceptual_quantizer, 16), (hybrid_log_gamma, 18)])
@pytest.mark.parametrize("tagged", [True, False])
def test_hdr_is_shown_as_the_sdr_picture_of_the_same_light(tmp_path, curve, transfer, tagged):
    picture = np.zeros((64, 256, 3), np.uint8)
    picture[:32] = np.arange(256)[None, :, None]
    for part, colour in zip(np.array_split(picture[32:], 4), [(224, 172, 105), (141, 85, 36), (60, 90, 180), (90, 160, 80)], strict=True):
        part[:] = colour
    signal = curve((picture / 255.0) ** 2.4 @ TO_2020.T)
    luma = signal @ LUMA
    planes = 64 + 876 * luma, 512 + 896 * (signal[..., 2] - luma) / 1.8814, 512 + 896 * (signal[..., 0] - luma) / 1.4746
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 64, "yuv444p10le"
        context = stream.codec_context
        context.color_trc, context.color_range = transfer, 1
        if tagged:
            context.color_primaries = context.colorspace = 9
        frame = av.VideoFrame(256, 64, "yuv444p10le")
        for place, plane in zip(frame.planes, planes, strict=True):
            padded = np.zeros((64, place.line_size // 2), np.uint16)
            padded[:, :256] = np.round(plane)
            place.update(padded)
        frame.color_trc, frame.color_range = transfer, 1
        if tagged:
            frame.color_primaries = frame.colorspace = 9
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (image,), video = images_of(tmp_path / "a.mkv")
    # FFmpeg maps by a table of colours, between whose entries it interpolates.
    difference = np.abs(image.astype(int) - picture)
    assert difference.max() <= 12 and difference.mean() < 3 and video.warnings == []
