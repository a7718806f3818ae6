# SPDX-License-Identifier: Apache-2.0
"""Damage costs the frames that it hits, and nothing is called damage that is none."""

from types import SimpleNamespace

import av
import numpy as np
import pytest

from image_classification.CFC_SP.video import reader
from image_classification.CFC_SP.video.container import open_container
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


def decoded_alone(path):
    """The times of all frames that one thread decodes, packet by packet, as ffprobe does."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            try:
                found += [frame.pts for frame in packet.decode()]
            except av.FFmpegError:
                continue
    return found


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "mpeg2video"])
@pytest.mark.parametrize("place", [10, 31, 58])
@pytest.mark.parametrize("seed", range(3))
def test_one_bad_packet_loses_no_frame_that_decodes(tmp_path, codec, place, seed):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(60, 128, 96), codec=codec, gop=20)
    with av.open(str(path)) as container:
        packet = next(packet for number, packet in enumerate(container.demux(video=0)) if number == place)
        begin, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    # Its length, in front of H.264's and HEVC's data, is hit, or what comes behind it.
    skipped = 0 if seed == 0 else min(6, size - 1)
    data[begin + skipped : begin + size] = random.integers(0, 256, size - skipped, np.uint8).tobytes()
    path.write_bytes(data)
    expected = decoded_alone(path)
    with open_video(path) as video:
        frames = list(video)
    assert len(frames) == len(expected) >= 40
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert np.all(np.diff([frame.time_s for frame in frames]) > 0)


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
def test_joined_recordings_give_every_frame(tmp_path, codec, name):
    one = clips.write_clip(tmp_path / f"one{name}", clips.pictures(40), codec=codec, gop=12)
    path = tmp_path / name
    path.write_bytes(one.read_bytes() * 2)
    with open_video(path) as video:
        frames = list(video)
    # MPEG-2 gives a frame no sooner than the next: the last of the first recording may come twice or never.
    assert abs(len(frames) - 80) <= 1 and len(frames) == len(decoded_alone(path))
    steps = np.diff([frame.time_s for frame in frames])
    np.testing.assert_allclose(steps, 1 / 30, atol=0.01)


def test_empty_packets_repeat_a_picture_and_are_no_damage(tmp_path, monkeypatch):
    """As in Theora, whose repeated frames are packets without data."""
    path = clips.write_clip(tmp_path / "a.mkv", clips.pictures(20))

    def opened(*arguments):
        container = open_container(*arguments)

        def demux(stream):
            for number, packet in enumerate(container.demux(stream)):
                yield packet
                if number in (4, 9) and packet.size:
                    empty = av.Packet()
                    empty.pts = empty.dts = packet.pts
                    yield empty

        return Wrapped(container, demux)

    class Wrapped(SimpleNamespace):
        def __init__(self, container, demux):
            super().__init__(container=container, demux=demux)

        def __getattr__(self, name):
            return getattr(self.container, name)

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self.container.close()

    monkeypatch.setattr(reader, "open_container", opened)
    with open_video(path) as video:
        assert len(list(video)) == 20
    assert video.damaged == 0 and video.warnings == []
