# SPDX-License-Identifier: Apache-2.0
"""Times that clips and streams bear, and what is made of them."""

from fractions import Fraction

import av
import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.video.times import FrameTimes, LiveTimes, measured_rate
from tests import clips


def picture(pts, dts=None):
    frame = av.VideoFrame(16, 16, "gray")
    frame.pts, frame.dts, frame.time_base = pts, dts, Fraction(1, 1000)
    return frame


def times_of(stamps, **options):
    times = FrameTimes(25.0, **options)
    return [round(times.of(picture(*stamp) if isinstance(stamp, tuple) else picture(stamp)) * 1000) for stamp in stamps]


def test_a_recording_that_begins_anew_goes_on_at_its_own_pace():
    stamps = [5000, 5100, 5200, 100, 300, 350, 900]
    assert times_of(stamps) == [5000, 5100, 5200, 5240, 5440, 5490, 6040]


def test_one_wrong_time_moves_no_other():
    assert times_of([0, 40, 20, 120, 160]) == [0, 40, 80, 120, 160]


def test_a_gap_of_hours_is_kept():
    assert times_of([0, 40, 25_200_000, 25_200_040]) == [0, 40, 25_200_000, 25_200_040]


def test_times_of_decoding_take_the_place_of_times_that_go_back():
    assert times_of([(40, 0), (160, 40), (80, 80), (120, 120), (200, 160)])[2:] == [200, 240, 280]
    assert times_of([(0, 80), (0, 120), (40, 160)], by_decoding=True) == [80, 120, 160]


def test_frames_without_times_come_before_the_first_that_has_one():
    assert times_of([None, None, 0, 40], begin_s=-0.08) == [-80, -40, 0, 40]


def live(fps=25.0, is_finite=False, steps=()):
    """Of (stamp, time of arrival) pairs."""
    times = LiveTimes(fps, is_finite)
    return [round(times.of(stamp, now), 3) for stamp, now in steps], times


def test_a_live_clock_that_jumps_by_hours_is_not_followed():
    steps = [(10.0, 100.0), (10.04, 100.04), (25_210.0, 100.1), (25_210.04, 100.14), (3.0, 100.2), (3.04, 100.24)]
    found, times = live(steps=steps)
    assert found == [0, 0.04, 0.1, 0.14, 0.2, 0.24] and times.jumps == 2


def test_frames_that_were_held_back_keep_their_times():
    found, times = live(steps=[(0.0, 0.0), *((i * 0.04, 5.0) for i in range(1, 100))])
    np.testing.assert_allclose(found, np.arange(100) * 0.04)
    assert times.jumps == 0


def test_a_sender_that_stood_still_and_a_broken_connection_take_their_time():
    assert live(steps=[(0.0, 0.0), (0.04, 60.0), (0.08, 60.04)])[0] == [0, 60.0, 60.04]
    times = LiveTimes(25.0, False)
    assert times.of(5.0, 0.0) == 0.0
    times.connect_anew()
    assert times.of(9000.0, 3.0) == 3.0


def test_a_file_behind_an_address_keeps_its_gap():
    found, times = live(is_finite=True, steps=[(0.0, 0.0), (25_200.0, 0.01)])
    assert found == [0, 25_200.0] and times.jumps == 0


def test_rates_are_measured_without_gaps_and_in_any_order():
    times = np.arange(100) / 10
    times[50:] += 25_000
    assert measured_rate(np.random.default_rng(0).permutation(times).tolist()) == pytest.approx(10)
    assert measured_rate([3.0]) is None and measured_rate([3.0, 3.0]) is None


@pytest.mark.parametrize("name", ["a.webm", "a.mkv", "a.mp4", "a.ts"])
@pytest.mark.parametrize("stated", [1000, 120, 30])
def test_a_rate_that_the_times_contradict_is_measured(tmp_path, name, stated):
    codec = "libvpx" if name.endswith("webm") else "mpeg4"
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=stated)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, image in enumerate(clips.pictures(30)):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = index * 100, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        times = [frame.time_s for frame in video]
    assert video.source.fps == pytest.approx(10, rel=0.05) and len(times) == 30
    np.testing.assert_allclose(np.diff(times), 0.1, atol=0.002)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_raw_streams_own_rate_counts_and_can_be_replaced(tmp_path, codec):
    name = {"libx264": "a.h264", "libx265": "a.hevc", "mpeg2video": "a.m2v"}[codec]
    path = clips.write_clip(tmp_path / name, clips.pictures(20), fps=30, codec=codec)
    with open_video(path) as video:
        times = [frame.time_s for frame in video]
    assert video.source.fps == pytest.approx(30) and len(times) == 20
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-6)
    with open_video(path, fps=12) as video:
        np.testing.assert_allclose([frame.time_s for frame in video], np.arange(20) / 12)
    assert video.source.fps == 12 and video.warnings == []


def test_a_rate_for_a_clip_that_has_times_is_told_and_left_out(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(5), fps=25)
    with open_video(path, fps=12) as video:
        assert [frame.time_s for frame in video] == pytest.approx([i / 25 for i in range(5)])
    assert len(video.warnings) == 1 and "-fps" in video.warnings[0]
    with pytest.raises(UserError, match="-fps"):
        open_video(path, fps=0)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts", "a.webm"])
@pytest.mark.parametrize("start", [3, 7200, 40_000_000])
def test_a_late_beginning_is_no_damage(tmp_path, name, start):
    if name == "a.ts" and start > 50_000:
        pytest.skip("a transport stream's clock begins again every 26 hours")
    times = [start * 1000 + 40 * i for i in range(10)]
    codec = "libvpx" if name == "a.webm" else "libx264"
    path = clips.write_clip(tmp_path / name, clips.pictures(10), codec=codec, times_ms=times)
    with open_video(path) as video:
        found = [frame.time_s for frame in video]
    assert video.damaged == 0 and video.warnings == [] and found[0] >= start
    np.testing.assert_allclose(np.diff(found), 0.04, atol=0.0011)
    assert video.source.start_s == found[0]
