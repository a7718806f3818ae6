# SPDX-License-Identifier: Apache-2.0
"""Sound of every kind in the annotated video, whole, joined, jumping and damaged."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Frame, FrameResult, Source
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers import annotated_video
from image_classification.CFC_SP.writers.annotated_video import write_annotated_video

KINDS = {
    "a.wmv": ("wmv2", "wmav2"),
    "b.wmv": ("wmv2", "wmav1"),
    "a.mkv": ("libx264", "ac3"),
    "a.avi": ("mpeg4", "mp2"),
    "b.mkv": ("libx264", "libopus"),
    "a.ts": ("mpeg2video", "mp2"),
    "a.mpg": ("mpeg2video", "mp2"),
    "c.mkv": ("libx264", "flac"),
    "a.flv": ("flv1", "libmp3lame"),
    "a.mp4": ("libx264", "aac"),
    "a.mov": ("mjpeg", "pcm_s16le"),
    "b.avi": ("mpeg4", "adpcm_ms"),
}
SECONDS, RATE = 2.0, 48000


def make(path, picture, sound, rate=RATE, layout="stereo", start_s=0.0):
    """A clip of 25 frames a second and, unless `sound` is None, a tone of 440 Hz, both SECONDS long."""
    with av.open(str(path), "w") as movie:
        shown = movie.add_stream(picture, rate=25)
        shown.width, shown.height, shown.pix_fmt = 64, 48, "yuvj420p" if picture == "mjpeg" else "yuv420p"
        track = sound and movie.add_stream(sound, rate=rate, layout=layout)
        if track:
            track.codec_context.bit_rate = 128_000
        tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(int(SECONDS * rate)) / rate)).astype(np.int16)
        tone = np.repeat(tone[None], 1 if layout == "mono" else 2, axis=0)
        for number in range(int(SECONDS * 25)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * number, np.uint8), "rgb24")
            frame.pts, frame.time_base = number + round(start_s * 25), Fraction(1, 25)
            movie.mux(shown.encode(frame))
            if not track:
                continue
            begin = number * rate // 25
            part = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone[:, begin : begin + rate // 25]), "s16p", layout)
            part.sample_rate, part.pts, part.time_base = rate, begin + round(start_s * rate), Fraction(1, rate)
            movie.mux(track.encode(part))
        movie.mux(shown.encode(None))
        movie.mux(track.encode(None) if track else [])
    return path


def begins_s(path):
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        return float((stream.start_time or 0) * stream.time_base)


def annotate(path, target, times=None):
    times = [begins_s(path) + i / 25 for i in range(int(SECONDS * 25))] if times is None else times
    frames = (Frame(i, time_s, np.full((48, 64, 3), 90, np.uint8)) for i, time_s in enumerate(times))
    source = Source(str(path), "x", 64, 48, 25.0, SECONDS, start_s=times[0])
    warnings = write_annotated_video(source, frames, (FrameResult(i, time_s) for i, time_s in enumerate(times)), target)
    with av.open(str(target)) as movie:
        shown = [frame.time for frame in movie.decode(video=0)]
    assert len(shown) == len(times) and shown[0] == pytest.approx(0, abs=0.06)
    return warnings


def loud(path):
    """The seconds of the decoded sound of a movie in which the tone is heard, to a twentieth."""
    heard = set()
    with av.open(str(path)) as movie:
        for frame in movie.decode(audio=0):
            level = np.abs(frame.to_ndarray().astype(float)).max() / (32768 if "s16" in frame.format.name else 1)
            if level > 0.1:
                heard |= set(range(round(frame.time * 20), round((frame.time + frame.samples / frame.sample_rate) * 20) + 1))
    return sorted(heard)


@pytest.mark.parametrize("name", KINDS)
def test_sound_of_every_kind_is_kept(tmp_path, name):
    make(tmp_path / name, *KINDS[name])
    assert annotate(tmp_path / name, tmp_path / "out.mp4") == []
    heard = loud(tmp_path / "out.mp4")
    assert heard[0] <= 2 and heard[-1] >= 20 * SECONDS - 3 and len(heard) > 0.9 * 20 * SECONDS


@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
@pytest.mark.parametrize("second", [{}, {"rate": 32000, "layout": "mono"}], ids=["alike", "another rate"])
def test_joined_recordings_go_on(tmp_path, name, second):
    one, two = make(tmp_path / f"1{name}", *KINDS[name]), make(tmp_path / f"2{name}", *KINDS[name], **second)
    path = tmp_path / name
    path.write_bytes(one.read_bytes() + two.read_bytes())
    assert annotate(path, tmp_path / "out.mp4", [begins_s(one) + i / 25 for i in range(100)]) == []
    heard = loud(tmp_path / "out.mp4")
    assert heard[-1] == pytest.approx(40 * SECONDS, abs=4) and len(heard) > 0.9 * 40 * SECONDS


def test_sound_lies_beside_its_picture_behind_a_recording_without_any(tmp_path):
    silent, sounding = make(tmp_path / "1.ts", "mpeg2video", None), make(tmp_path / "2.ts", *KINDS["a.ts"])
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in (silent, sounding, silent, sounding)))
    assert annotate(path, tmp_path / "out.mp4", [begins_s(silent) + i / 25 for i in range(200)]) == []
    heard = loud(tmp_path / "out.mp4")
    for second, is_loud in ((1, False), (3, True), (5, False), (7, True)):
        assert (20 * second in heard) is is_loud
    assert heard[-1] == pytest.approx(80 * SECONDS, abs=4)


def test_sound_behind_a_jump_of_hours_lies_beside_its_picture(tmp_path):
    one, two = make(tmp_path / "1.ts", *KINDS["a.ts"]), make(tmp_path / "2.ts", *KINDS["a.ts"], start_s=36_000)
    path = tmp_path / "a.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    times = [begins_s(each) + i / 25 for each in (one, two) for i in range(50)]
    (warning,) = annotate(path, tmp_path / "out.mp4", times)
    assert "shortens the gap" in warning
    heard = loud(tmp_path / "out.mp4")
    # Two seconds, the second that is left of the gap, and two seconds.
    assert heard[-1] == pytest.approx(20 * (2 * SECONDS + 1), abs=4)
    assert not [moment for moment in heard if 20 * SECONDS + 4 < moment < 20 * (SECONDS + 1) - 6]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_damaged_sound_never_harms_the_picture(tmp_path, name, seed):
    path = make(tmp_path / name, *KINDS[name])
    with av.open(str(path)) as clip:
        pieces = [bytes(packet) for packet in clip.demux(audio=0) if packet.size > 8]
    data, random = path.read_bytes(), np.random.default_rng(seed)
    for piece in pieces[5:-5:3]:
        data = data.replace(piece, random.integers(0, 256, len(piece), np.uint8).tobytes())
    path.write_bytes(data)
    for warning in annotate(path, tmp_path / "out.mp4"):
        assert "sound" in warning and "\n" not in warning


@pytest.mark.parametrize("place", ["encoder", "muxer"])
def test_what_ends_the_sound_is_told_with_its_time(tmp_path, monkeypatch, place):
    path = make(tmp_path / "a.wmv", *KINDS["a.wmv"])
    if place == "encoder":
        given = annotated_video.Sound._encoded

        def encoded(self, track):
            for number, piece in enumerate(given(self, track)):
                if number == 40:
                    raise ValueError("frame does not match")
                yield piece

        monkeypatch.setattr(annotated_video.Sound, "_encoded", encoded)
    else:
        joined = annotated_video._interleave

        def interleave(movie, picture, sound, reached):
            joined(movie, picture, sound, reached)
            if sound is not None and sound._until_s > 1:
                reached[0] = 1.0
                raise av.error.InvalidDataError(1, "refused")

        monkeypatch.setattr(annotated_video, "_interleave", interleave)
    (warning,) = annotate(path, tmp_path / "out.mp4")
    assert "ends at" in warning and 10 <= loud(tmp_path / "out.mp4")[-1] <= 22


def test_a_movie_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    path = make(tmp_path / "a.mp4", *KINDS["a.mp4"])

    def fail(*arguments):
        raise av.error.InvalidDataError(1, "refused")

    monkeypatch.setattr(annotated_video, "_mux", fail)
    with pytest.raises(UserError, match="annotated video of .*a.mp4.*refused"):
        annotate(path, tmp_path / "out.mp4")


def test_what_lies_beside_the_movie_is_gone(tmp_path):
    annotate(make(tmp_path / "a.wmv", *KINDS["a.wmv"]), tmp_path / "out.mp4")
    assert sorted(path.name for path in Path(tmp_path).iterdir()) == ["a.wmv", "out.mp4"]
