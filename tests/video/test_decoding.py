# SPDX-License-Identifier: Apache-2.0
"""Damage costs the frames that it hits, and nothing is called damage that is none."""

from types import SimpleNamespace

import av
import numpy as np
import pytest

from image_classification.CFC_SP.video import decoding, reader
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


@pytest.mark.parametrize("place", [24, 32, 40])
def test_damage_gives_no_frame_twice_where_times_are_those_of_decoding(tmp_path, place):
    path = clips.write_clip(tmp_path / "a.avi", clips.pictures(60, 128, 96), gop=20)
    with av.open(str(path)) as container:
        packet = next(packet for number, packet in enumerate(container.demux(video=0)) if number == place)
        begin, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    # Of the picture its second half, which lies behind the head of its chunk.
    data[begin + 8 + size // 2 : begin + 8 + size] = bytes(size - size // 2)
    path.write_bytes(data)
    expected = decoded_alone(path)
    with open_video(path) as video:
        frames = list(video)
    assert video.damaged and len(frames) == len(expected) >= 55


def test_pictures_that_never_come_are_told(tmp_path, monkeypatch):
    """As of H.264 behind a packet whose frame number is damaged: FFmpeg gives none until the next key frame, and raises nothing."""
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(60), gop=20)
    decoded = decoding.Decoder._decoded

    def some(decoder, packet):
        return [picture for picture in decoded(decoder, packet) if not 0.99 < picture.time < 1.3]

    monkeypatch.setattr(decoding.Decoder, "_decoded", some)
    with open_video(path) as video:
        frames = list(video)
    assert (len(frames), video.damaged) == (51, 9)
    assert "(9 packets or frames faulty or missing)" in video.warnings[0]


def test_what_an_edit_list_leaves_out_is_no_damage(tmp_path, monkeypatch):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(60), gop=20)
    data = path.read_bytes()
    at = data.index(b"elst") + 12
    # Its one edit begins 10 frames later.
    begin = int.from_bytes(data[at + 4 : at + 8], "big") + 10 * 512
    path.write_bytes(data[: at + 4] + begin.to_bytes(4, "big") + data[at + 8 :])
    threads = []
    monkeypatch.setattr(reader, "Decoder", lambda *arguments: threads.append(arguments[3]) or decoding.Decoder(*arguments))
    with open_video(path) as video:
        assert len(list(video)) == len(decoded_alone(path)) == 50
    assert (video.damaged, video.warnings, threads) == (0, [], [True])


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
