# SPDX-License-Identifier: Apache-2.0
import shutil
import threading
from fractions import Fraction

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from tests import clips
from tests.events import join, wait_until


def read_all(path):
    with open_video(path) as video:
        frames = list(video)
    return video, frames


def test_real_clip_equals_what_opencv_decodes():
    path = clips.real_clip("carphone_pristine.mp4")
    video, frames = read_all(path)
    other = cv2.VideoCapture(str(path))
    for frame in frames:
        found, bgr = other.read()
        assert found
        # OpenCV gives the pixels as they are stored; a screen shows them 128 / 117 times as wide.
        displayed = cv2.resize(bgr[:, :, ::-1], (193, 144))
        assert np.abs(frame.image.astype(int) - displayed).mean() < 3
    assert not other.read()[0]
    assert [frame.index for frame in frames] == list(range(120))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(120) * 1001 / 30000, atol=1e-9)
    source = video.source
    assert (source.codec, source.width, source.height, source.rotation) == ("h264", 193, 144, 0)
    assert source.fps == pytest.approx(30000 / 1001)
    assert source.duration_s == pytest.approx(4.004)
    assert (video.damaged, video.warnings) == (0, [])
    assert all(frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous for frame in frames)


def test_two_runs_are_the_same():
    path = clips.real_clip("carphone_pristine.mp4")
    for first, second in zip(read_all(path)[1], read_all(path)[1], strict=True):
        assert first.time_s == second.time_s
        np.testing.assert_array_equal(first.image, second.image)


def test_variable_frame_rate_keeps_every_time(tmp_path):
    times = [0, 33, 50, 300, 310, 1000]
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(6), times_ms=times)
    assert [round(frame.time_s * 1000) for frame in read_all(path)[1]] == times


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_rotation_metadata_turns_the_picture_upright(tmp_path, rotation):
    original = clips.pictures(1)[0]
    path = clips.write_clip(tmp_path / "a.mp4", [original], rotation=rotation)
    video, frames = read_all(path)
    expected = np.rot90(original, rotation // 90)
    assert frames[0].image.shape == expected.shape
    assert (video.source.height, video.source.width) == expected.shape[:2]
    assert np.abs(frames[0].image.astype(int) - expected).mean() < 8
    found, bgr = cv2.VideoCapture(str(path)).read()
    assert found and np.abs(frames[0].image.astype(int) - bgr[:, :, ::-1]).mean() < 1.5


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("a.mp4", "libx265", "yuv420p", (64, 48)),
        ("a.webm", "libvpx-vp9", "yuv420p", (64, 48)),
        ("a.avi", "mpeg4", "yuv420p", (64, 48)),
        ("a.mov", "mjpeg", "yuvj420p", (64, 48)),
        ("a.mkv", "ffv1", "gray", (64, 48)),
        ("a.mkv", "ffv1", "yuv444p10le", (63, 47)),
        ("a.mp4", "libx264", "yuv444p", (63, 47)),
        ("a.mp4", "libx265", "yuv420p10le", (64, 48)),
        ("a.mp4", "libsvtav1", "yuv420p10le", (64, 64)),
        ("a.mkv", "libx264", "gray", (64, 48)),
        ("a.gif", "gif", "rgb8", (64, 48)),
        ("a.mov", "qtrle", "argb", (64, 48)),
        ("a.mov", "prores_ks", "yuva444p10le", (64, 48)),
        ("a.mp4", "libx264", "yuv420p", (16, 16)),
    ],
)
def test_codecs_grey_deep_and_odd_sized_pictures(tmp_path, name, codec, pix_fmt, size):
    originals = clips.pictures(4, *size)
    video, frames = read_all(clips.write_clip(tmp_path / name, originals, codec=codec, pix_fmt=pix_fmt))
    assert (len(frames), video.damaged) == (4, 0)
    for frame, original in zip(frames, originals, strict=True):
        assert frame.image.shape == original.shape
        if pix_fmt == "gray":
            original = np.repeat(cv2.cvtColor(original, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
        # GIF's palette has 256 colours for all.
        assert np.abs(frame.image.astype(int) - original).mean() < (20 if codec == "gif" else 10)


def test_one_frame(tmp_path):
    video, frames = read_all(clips.write_clip(tmp_path / "a.mp4", clips.pictures(1)))
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0)]
    assert video.source.fps > 0


@pytest.mark.parametrize("name", ["-a.mp4", "ü 顔.mp4", "a\nb.mp4", "%03d.mp4", "http:x.mp4", "concat:a.mp4", "pipe:0", "~.mp4"])
def test_odd_file_names_are_plain_local_files(tmp_path, monkeypatch, name):
    shutil.copy(clips.real_clip("carphone_pristine.mp4"), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with open_video(name) as video:
        assert next(iter(video)).image.shape == (144, 193, 3)


def test_truncated_end_delivers_what_is_there_and_counts_the_rest(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(60), index_first=True)
    whole = read_all(path)[1]
    video, frames = read_all(clips.cut_end(path, 0.7))
    assert 10 < len(frames) < 60
    # The packet that is cut off may give a picture all the same.
    assert 0 <= len(frames) + video.damaged - 60 <= 1
    # FFmpeg's colour conversion differs by a few levels from one opening of a file to another, if rarely: which picture it is counts.
    originals = np.stack([frame.image for frame in whole]).astype(int)
    assert [np.abs(originals - frame.image).mean(axis=(1, 2, 3)).argmin() for frame in frames] == list(range(len(frames)))
    assert len(video.warnings) == 1 and str(video.damaged) in video.warnings[0]


def test_truncated_matroska_counts_the_missing_end(tmp_path):
    path = clips.write_clip(tmp_path / "a.mkv", clips.pictures(90))
    assert read_all(path)[0].damaged == 0
    video, frames = read_all(clips.cut_end(path, 0.5))
    assert 0 < len(frames) < 60
    # Counted from times, and FFmpeg's frame threads now and then give up a frame more at the cut.
    assert video.damaged == pytest.approx(90 - len(frames), abs=5)


@pytest.mark.parametrize(("start", "end"), [(0.7, 1.0), (0.5, 0.6)])
def test_decoding_goes_on_after_damage(tmp_path, start, end):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(60), index_first=True)
    video, frames = read_all(clips.damage(path, start, end))
    assert 20 < len(frames) <= 60
    assert video.damaged > 0 and video.warnings
    times = [frame.time_s for frame in frames]
    assert times == sorted(set(times))


@pytest.mark.parametrize(("name", "zero_s"), [("a.ts", 0.08), ("a.mp4", 0.0), ("a.avi", 0.0)])
def test_players_of_a_transport_stream_begin_with_its_first_packet(tmp_path, name, zero_s):
    path = clips.write_clip(tmp_path / name, clips.pictures(10), fps=25)
    with open_video(path) as video:
        assert video.source.zero_s == pytest.approx(zero_s) and next(iter(video)).time_s == video.source.start_s


@pytest.mark.parametrize("fps", [1, 240])
def test_slow_and_fast_clips_keep_their_times(tmp_path, fps):
    video, frames = read_all(clips.write_clip(tmp_path / "a.mp4", clips.pictures(6), fps=fps))
    assert [frame.time_s for frame in frames] == pytest.approx([i / fps for i in range(6)])
    assert video.source.fps == pytest.approx(fps)


@pytest.mark.parametrize(
    "times",
    [[0, 40, 80, 40, 0, 200, 240], [0, 40, 3_600_000, 120, 160, 200, 240], [400, 360, 320, 280, 240, 200, 160], [0] * 7],
    ids=["going back", "an hour ahead", "backwards", "all the same"],
)
def test_wrong_times_lose_no_frame_and_come_out_increasing(tmp_path, times):
    # Every picture is a key frame of its own, so that order and times are the container's alone.
    path = clips.write_clip(tmp_path / "a.mov", clips.pictures(7), fps=25, codec="mjpeg", pix_fmt="yuvj420p")
    with open_video(path) as video:
        video._pictures = stamped(video._pictures, times[1:])
        video._first.pts, video._first.time_base = times[0], Fraction(1, 1000)
        frames = list(video)
    assert len(frames) == 7
    found = [frame.time_s for frame in frames]
    assert found == sorted(set(found))
    assert found[0] == times[0] / 1000
    assert [frame.index for frame in frames] == list(range(7))


def stamped(pictures, times):
    for picture, time_ms in zip(pictures, times, strict=True):
        picture.pts, picture.time_base = time_ms, Fraction(1, 1000)
        yield picture


def test_two_recordings_in_one_file_keep_their_frames_though_times_go_back(tmp_path):
    one = clips.write_clip(tmp_path / "one.ts", clips.pictures(20))
    path = tmp_path / "two.ts"
    path.write_bytes(one.read_bytes() * 2)
    frames = read_all(path)[1]
    assert len(frames) == 40
    assert np.all(np.diff([frame.time_s for frame in frames]) > 0)


@pytest.mark.slow
def test_8k(tmp_path):
    original = np.tile(clips.pictures(1, 640, 360)[0], (12, 12, 1))
    path = clips.write_clip(tmp_path / "a.mp4", [original] * 2, codec="mpeg4")
    with pytest.raises(UserError, match="-max_pixels 33177600"):
        open_video(path)
    with open_video(path, max_pixels=33_177_600) as video:
        frames = list(video)
    assert (len(frames), video.source.width, video.source.height) == (2, 7680, 4320)
    assert np.abs(frames[1].image[::40, ::40].astype(int) - original[::40, ::40]).mean() < 10


def test_raw_stream_without_times_counts_in_frame_lengths(tmp_path):
    video, frames = read_all(clips.write_clip(tmp_path / "a.h264", clips.pictures(5)))
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 1 / video.source.fps, rtol=1e-3)
    assert len(frames) == 5


def test_a_change_of_size_is_resized_to_the_first_with_one_warning(tmp_path):
    small = clips.write_clip(tmp_path / "small.h264", clips.pictures(3))
    large = clips.write_clip(tmp_path / "large.h264", clips.pictures(3, 128, 96))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    video, frames = read_all(both)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 6
    assert len(video.warnings) == 1 and "64 x 48" in video.warnings[0]


@pytest.mark.parametrize("size", [0x7FFFFFF0, 0x40000000])
def test_a_packet_of_gigabytes_costs_no_frame_before_it(tmp_path, size):
    path = clips.write_clip(tmp_path / "a.mov", clips.pictures(9), codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    # Behind the table's name: flags, the size of all (0: each its own), their number, the sizes.
    place = data.index(b"stsz") + 16 + 4 * 4
    data[place : place + 4] = size.to_bytes(4, "big")
    path.write_bytes(data)
    _, frames = read_all(path)
    assert 4 <= len(frames) < 9


def test_a_file_closed_while_a_thread_decodes_it_ends_the_frames(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.pictures(60, 320, 240))
    for _ in range(5):
        seen, reader = [], open_video(clip)
        thread = threading.Thread(target=lambda: seen.extend(frame.index for frame in reader))  # noqa: B023
        thread.start()
        wait_until(lambda: len(seen) >= 3)  # noqa: B023
        reader.close()
        join(thread)
        assert 3 <= len(seen) <= 60 and seen == list(range(len(seen)))
