# SPDX-License-Identifier: Apache-2.0
"""A part of a clip against a full decode of it."""

import threading

import av
import numpy as np
import pytest

from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video import reader
from image_classification.CFC_SP.video.container import open_container
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.video.seeking import Landing
from tests import clips
from tests.events import join

FRAMES, GOP = 60, 12
# Whether the container tells the frames' numbers, so that decoding begins in the middle.
KINDS = {
    "a.mp4": ("libx264", True),
    "a.mkv": ("libx264", True),
    "a.ts": ("libx264", True),
    "b.mp4": ("libx265", True),
    "a.webm": ("libvpx-vp9", True),
    "b.webm": ("libvpx", False),
    "c.mp4": ("libsvtav1", True),
    "a.mov": ("mjpeg", True),
    "a.avi": ("mpeg4", False),
    # Its times are those of decoding.
    "b.avi": ("libx264", False),
    "a.asf": ("libx264", False),
    "a.mxf": ("libx264", False),
    "a.h264": ("libx264", False),
    "a.gif": ("gif", False),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Gives `whole(name)`: the clip of that kind and all its frames."""
    made = {}

    def make(name):
        if name not in made:
            path = tmp_path_factory.mktemp("kinds") / name
            codec = KINDS[name][0]
            pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
            clips.write_clip(path, clips.pictures(FRAMES, 128, 96), codec=codec, pix_fmt=pix_fmt, gop=GOP, fps=25)
            with open_video(path) as video:
                made[name] = path, list(video)
        return made[name]

    return make


def part(path, *span):
    with open_video(path, Span(*span)) as video:
        return list(video), video


@pytest.mark.parametrize("name", KINDS)
def test_a_part_has_the_frames_numbers_and_times_of_the_whole(whole, name):
    path, frames = whole(name)
    assert len(frames) == FRAMES
    begin_s = frames[0].time_s
    # On a key frame, beside it, in the middle of a group, at the very start and near the end.
    for first, last, stride in [(24, 40, 1), (25, 60, 7), (35, 36, 1), (0, 5, 2), (58, 60, 1)]:
        # A part counts from the first frame, which does not come at 0 in every container.
        end = None if last == FRAMES else frames[last].time_s - begin_s
        found, video = part(path, frames[first].time_s - begin_s, end, stride)
        expected = frames[first:last:stride]
        assert [(f.index, f.time_s) for f in found] == [(f.index, f.time_s) for f in expected], (first, last)
        for one, other in zip(found, expected, strict=True):
            assert np.abs(one.image.astype(int) - other.image).mean() < 1, one.index
        assert (video.damaged, video.warnings) == (0, [])
    assert part(path, 0.001)[0][0].index == 1


@pytest.mark.parametrize("name", KINDS)
def test_what_comes_before_is_not_decoded_where_the_container_tells_it(whole, name):
    path, frames = whole(name)
    with open_video(path, Span(frames[45].time_s - frames[0].time_s)) as video:
        begin = video._begin()[0]
    assert (20 <= begin <= 44) if KINDS[name][1] else begin == 0


def test_a_start_as_the_csv_rounds_it_finds_its_frame(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(20))
    with open_video(path) as video:
        frames = list(video)
    for frame in frames:
        assert part(path, round(frame.time_s, 6))[0][0].index == frame.index


@pytest.mark.parametrize("span", [(100.0, None), (0.41, 0.42)])
def test_a_part_without_a_frame_is_told(tmp_path, span):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(20))
    with pytest.raises(UserError, match="-start"):
        part(path, *span)


def test_a_damaged_part_is_delivered_as_far_as_it_goes(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(90, 128, 96), gop=15, index_first=True)
    whole, _ = part(path)
    found, video = part(clips.damage(path, 0.75, 0.85), 1.0)
    assert found[0].index == 30 and 25 < len(found) <= 60 and video.damaged
    times = {frame.index: frame.time_s for frame in whole}
    assert [frame.time_s for frame in found[:10]] == [times[frame.index] for frame in found[:10]]


def test_a_lost_end_is_counted_from_the_middle_too(tmp_path):
    path = clips.cut_end(clips.write_clip(tmp_path / "a.mp4", clips.pictures(60), gop=10, index_first=True), 0.8)
    everything, video = part(path)
    later, other = part(path, 0.8)
    assert len(later) == len(everything) - 24 and other.damaged == video.damaged > 0


def test_times_that_repeat_are_decoded_from_the_start(tmp_path):
    one = clips.write_clip(tmp_path / "one.ts", clips.pictures(30), gop=10)
    path = tmp_path / "twice.ts"
    path.write_bytes(one.read_bytes() * 2)
    everything, _ = part(path)
    assert len(everything) == 60 and np.all(np.diff([frame.time_s for frame in everything]) > 0)
    found, _ = part(path, everything[45].time_s - everything[0].time_s)
    assert [(f.index, f.time_s) for f in found] == [(f.index, f.time_s) for f in everything[45:]]


def test_frames_that_a_cut_took_are_not_counted(whole, tmp_path):
    """HEVC's first group may show frames that need the group before it."""
    options = {"x265-params": f"open-gop=1:keyint={GOP}:bframes=4:log-level=none"}
    source = clips.write_clip(tmp_path / "whole.ts", clips.pictures(FRAMES, 128, 96), codec="libx265", options=options)
    data = source.read_bytes()
    with av.open(str(source)) as container:
        keys = [packet.pos for packet in container.demux(video=0) if packet.is_keyframe]
    path = tmp_path / "cut.ts"
    # Behind the tables.
    path.write_bytes(data[: 3 * 188] + data[keys[1] :])
    frames, _ = part(path)
    assert len(frames) == FRAMES - GOP
    found, _ = part(path, frames[20].time_s - frames[0].time_s)
    assert [(f.index, f.time_s) for f in found] == [(f.index, f.time_s) for f in frames[20:]]


def test_a_seek_that_lands_elsewhere_begins_anew(whole, monkeypatch):
    """As where a damaged index misleads: the reader must not wait for itself."""
    path, frames = whole("a.mp4")
    monkeypatch.setattr(Landing, "index_of", lambda *_: None)
    found = []
    reading = threading.Thread(target=lambda: found.extend(part(path, 1.0)[0]), daemon=True)
    reading.start()
    join(reading)
    assert [frame.index for frame in found] == list(range(25, FRAMES))
    np.testing.assert_array_equal(found[0].image, frames[25].image)


class Faulty:
    """A container in which some methods are others."""

    def __init__(self, container, **methods):
        self._container = container
        vars(self).update(methods)

    def __getattr__(self, name):
        return getattr(self._container, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._container.close()


def test_a_seek_that_fails_begins_anew(whole, monkeypatch):
    """As in a damaged AV1 clip, whose index FFmpeg does not permit to seek in."""
    path, frames = whole("a.mp4")

    def seek(*arguments, **keywords):
        raise av.error.PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(reader, "open_container", lambda *arguments: Faulty(open_container(*arguments), seek=seek))
    found, _ = part(path, 1.0)
    assert [frame.index for frame in found] == list(range(25, FRAMES))
    np.testing.assert_array_equal(found[0].image, frames[25].image)


@pytest.mark.parametrize("start_s", [None, 1.0])
def test_a_packet_of_an_unknown_stream_is_damage(whole, monkeypatch, start_s):
    """As in a damaged transport stream: PyAV fails to find its stream, after which it can go on."""
    path, _ = whole("a.mp4")

    def opened(*arguments):
        container = open_container(*arguments)
        packets = None

        def demux(stream):
            nonlocal packets
            first = packets is None
            packets = packets or container.demux(stream)
            for number, packet in enumerate(packets):
                yield packet
                if first and number == 20:
                    raise IndexError("list index out of range")

        return Faulty(container, demux=demux)

    monkeypatch.setattr(reader, "open_container", opened)
    found, video = part(path, start_s)
    assert [frame.index for frame in found] == list(range(0 if start_s is None else 25, FRAMES))
    assert video.damaged == 1
