# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Frame, FrameResult, Source
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers import annotated_video
from image_classification.CFC_SP.writers.annotated_video import write_annotated_video
from tests import clips

CLOCK = 0.51 / 90000


def picture(index, width=64, height=48):
    """A flat colour, other in every frame, with one bright square."""
    image = np.full((height, width, 3), (20 + 5 * index % 200, 90, 200 - 5 * index % 150), np.uint8)
    image[: height // 4, : width // 4] = 230
    return image


def make_clip(path, frames=12, width=64, height=48, sound=None, seconds=0.5, rate=44100, aspect=None):
    """Writes a clip with PyAV and gives its Source; `sound` names an audio encoder."""
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if sound:
            track = movie.add_stream(sound, rate=rate, layout="mono")
            tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)
            for start in range(0, len(tone), 1000):
                part = av.AudioFrame.from_ndarray(tone[None, start : start + 1000], format="s16", layout="mono")
                part.rate, part.pts, part.time_base = rate, start, Fraction(1, rate)
                movie.mux(track.encode(part))
            movie.mux(track.encode(None))
        for i in range(frames):
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i, stream.width, stream.height), format="rgb24")))
        movie.mux(stream.encode(None))
    return Source(str(path), "h264", width, height, 24.0, frames / 24)


def annotate(source, target, times, width=64, height=48, results=None):
    frames = (Frame(i, t, picture(i, width, height)) for i, t in enumerate(times))
    return write_annotated_video(source, frames, results or [FrameResult(i, t) for i, t in enumerate(times)], target)


def decoded(path):
    with av.open(str(path), format="mp4") as movie:
        return list(movie.decode(video=0))


def packets(path):
    with av.open(str(path)) as movie:
        return [(p.pts * p.time_base, bytes(p)) for p in movie.demux(audio=0) if p.pts is not None]


def loudness(path):
    """(seconds, root mean square) of each decoded sound frame, full scale 1."""
    with av.open(str(path)) as movie:
        return [
            (f.time, float(np.sqrt(np.mean(np.square(f.to_ndarray().astype(np.float64))))))
            for f in movie.decode(audio=0)
            if f.format.name == "fltp"
        ]


@pytest.mark.parametrize("frames", [1, 2, 70])
def test_frames_and_times_are_those_of_the_clip(tmp_path, frames):
    times = [i / 24 for i in range(frames)]
    assert annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", times) == []
    found = decoded(tmp_path / "out")
    assert [f.time for f in found] == pytest.approx(times, abs=CLOCK)
    with av.open(str(tmp_path / "out"), format="mp4") as movie:
        stream = movie.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.duration * stream.time_base) == pytest.approx(frames / 24, abs=0.001)


@pytest.mark.parametrize("start", [0.0, 0.85278, 1.4])
def test_a_varying_frame_rate_is_kept_and_the_movie_begins_with_its_first_frame(tmp_path, start):
    gaps = np.random.default_rng(1).choice([1 / 60, 1 / 24, 0.1, 1.7], 40)
    times = (start + np.cumsum(gaps) - gaps[0]).tolist()
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", times)
    assert [f.time for f in decoded(tmp_path / "out")] == pytest.approx([time - start for time in times], abs=2 * CLOCK)


def test_no_frame_is_lost_where_times_are_closer_than_the_clock(tmp_path):
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", [0.0, 1e-6, 2e-6, 0.1])
    assert len(decoded(tmp_path / "out")) == 4


@pytest.mark.parametrize("width, height", [(65, 49), (64, 49), (65, 48), (3, 3), (1, 1)])
def test_odd_sizes_gain_a_repeated_edge(tmp_path, width, height):
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", [i / 24 for i in range(4)], width, height)
    found = decoded(tmp_path / "out")
    assert {(f.width, f.height) for f in found} == {(width + width % 2, height + height % 2)}


def test_colours_stay_true_and_are_declared(tmp_path):
    times = [i / 24 for i in range(10)]
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", times, 128, 96)
    for i, frame in enumerate(decoded(tmp_path / "out")):
        assert (frame.colorspace, frame.color_range) == (1, 1)
        # BT.709, limited range, by hand: what a player does with the stream's declaration.
        y, u, v = (np.array(p).reshape(-1, p.line_size)[: p.height, : p.width].astype(float) for p in frame.planes)
        y, u, v = 255 / 219 * (y[60, 80] - 16), 255 / 224 * (u[30, 40] - 128), 255 / 224 * (v[30, 40] - 128)
        rgb = y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u
        assert rgb == pytest.approx(picture(i, 128, 96)[60, 80].tolist(), abs=6)


@pytest.mark.parametrize("name, sound", [("in.mp4", "aac"), ("in.mkv", "libopus"), ("in.mkv", "flac"), ("in.avi", "libmp3lame")])
def test_sound_is_copied_bit_for_bit(tmp_path, name, sound):
    source = make_clip(tmp_path / name, sound=sound, rate=48000)
    assert annotate(source, tmp_path / "out.mp4", [i / 24 for i in range(12)]) == []
    before, after = packets(tmp_path / name), packets(tmp_path / "out.mp4")
    assert [data for _, data in after] == [data for _, data in before]
    assert [float(t) for t, _ in after] == pytest.approx([float(t) for t, _ in before], abs=0.0011)


def test_sound_from_a_transport_stream_is_kept(tmp_path):
    source = make_clip(tmp_path / "in.ts", sound="aac")
    start = min(float(t) for t, _ in packets(tmp_path / "in.ts"))
    assert annotate(source, tmp_path / "out.mp4", [start + i / 24 for i in range(12)]) == []
    heard = loudness(tmp_path / "out.mp4")
    assert len(heard) == pytest.approx(len(loudness(tmp_path / "in.ts")), abs=1)
    assert heard[0][0] == pytest.approx(0, abs=0.03)
    assert max(level for _, level in heard) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize(
    "name, sound, rate",
    [("in.mkv", "pcm_s16le", 44100), ("in.mkv", "pcm_s16le", 37000), ("in.avi", "mp2", 44100), ("in.mkv", "libmp3lame", 11025)],
)
def test_sound_that_players_do_not_expect_is_encoded_as_aac(tmp_path, name, sound, rate):
    source = make_clip(tmp_path / name, sound=sound, rate=rate)
    assert annotate(source, tmp_path / "out.mp4", [i / 24 for i in range(12)]) == []
    with av.open(str(tmp_path / "out.mp4")) as movie:
        assert movie.streams.audio[0].codec_context.name == "aac"
    heard = loudness(tmp_path / "out.mp4")
    assert heard[-1][0] == pytest.approx(0.5, abs=0.06)
    assert np.median([level for _, level in heard]) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.1)


def test_sound_that_outlasts_the_picture_is_kept_whole(tmp_path):
    source = make_clip(tmp_path / "in.mp4", frames=3, sound="aac", seconds=2.0)
    annotate(source, tmp_path / "out.mp4", [i / 24 for i in range(3)])
    assert len(packets(tmp_path / "out.mp4")) == len(packets(tmp_path / "in.mp4"))


def test_a_clip_cut_short_keeps_its_pictures_and_the_sound_there_is(tmp_path):
    source = make_clip(tmp_path / "in.mkv", sound="pcm_s16le", seconds=3.0)
    data = Path(source.path).read_bytes()
    Path(source.path).write_bytes(data[: len(data) * 2 // 3])
    annotate(source, tmp_path / "out.mp4", [i / 24 for i in range(12)])
    assert len(decoded(tmp_path / "out.mp4")) == 12
    assert 0.5 < loudness(tmp_path / "out.mp4")[-1][0] < 2.5


def test_damaged_sound_is_told_and_the_rest_is_kept(tmp_path):
    source = make_clip(tmp_path / "in.avi", sound="mp2", seconds=3.0)
    data = Path(source.path).read_bytes()
    for packet in [packet for _, packet in packets(source.path)][40:50]:
        assert packet in data
        data = data.replace(packet, b"\x01" * len(packet))
    Path(source.path).write_bytes(data)
    (warning,) = annotate(source, tmp_path / "out.mp4", [i / 24 for i in range(12)])
    assert warning.split()[0].isdecimal() and "sound" in warning
    assert len(decoded(tmp_path / "out.mp4")) == 12
    assert loudness(tmp_path / "out.mp4")[-1][0] == pytest.approx(3.0, abs=0.1)


def test_pixels_are_square_as_those_of_the_frames_are(tmp_path):
    source = make_clip(tmp_path / "in.mp4", aspect=Fraction(12, 11))
    annotate(source, tmp_path / "out", [0.0])
    with av.open(str(tmp_path / "out"), format="mp4") as movie:
        assert movie.streams.video[0].sample_aspect_ratio == 1


def test_the_index_comes_first_so_that_playing_starts_at_once(tmp_path):
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", [0.0, 0.1])
    data = (tmp_path / "out").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_results_are_drawn(tmp_path, make_results):
    times = [i / 24 for i in range(4)]
    results = make_results(4, faces=(1, 0), box=(20, 15, 50, 45), times=times)
    annotate(make_clip(tmp_path / "in.mp4"), tmp_path / "out", times, results=results)
    differences = [np.abs(f.to_ndarray(format="rgb24").astype(int) - picture(i)).mean() for i, f in enumerate(decoded(tmp_path / "out"))]
    assert min(differences[0], differences[2]) > 3 * max(differences[1], differences[3])


def test_the_same_frames_become_the_same_bytes(tmp_path):
    """x264's macroblock tree, as it is computed with AVX-512, is not reproducible."""
    frames = [Frame(i, i / 30, image) for i, image in enumerate(clips.pictures(8, 320, 240))]
    source = Source(str(tmp_path / "in.mp4"), "h264", 320, 240, 30.0, 8 / 30)
    found = set()
    for _ in range(12):
        write_annotated_video(source, iter(frames), [FrameResult(frame.index, frame.time_s) for frame in frames], tmp_path / "out")
        found.add((tmp_path / "out").read_bytes())
    assert len(found) == 1


def test_frames_and_results_must_go_together(tmp_path):
    source = make_clip(tmp_path / "in.mp4")
    with pytest.raises(ValueError):
        annotate(source, tmp_path / "out", [0.0, 0.1], results=[FrameResult(0, 0.0)])
    with pytest.raises(ValueError, match="frame 1"):
        annotate(source, tmp_path / "out", [0.0, 0.1], results=[FrameResult(0, 0.0), FrameResult(2, 0.1)])


def test_an_encoder_that_does_not_open_is_told(tmp_path):
    source = make_clip(tmp_path / "in.mp4")
    huge = np.broadcast_to(np.zeros(3, np.uint8), (2, 40000, 3))
    with pytest.raises(UserError, match="libx264"):
        write_annotated_video(source, [Frame(0, 0.0, huge)], [FrameResult(0, 0.0)], tmp_path / "out")


def test_odd_names_are_plain_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = make_clip(tmp_path / "in.mp4", sound="aac")
    for name in ("concat:a|b", "http:x", "-out", "%03d.mp4"):
        Path(source.path).rename(name)
        source = Source(name, "h264", 64, 48, 24.0, 0.5)
        annotate(source, f"file:{name}", [0.0])
        assert len(decoded(tmp_path / f"file:{name}")) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak memory as Linux counts it")
def test_memory_does_not_grow_with_the_clip(tmp_path):
    source = make_clip(tmp_path / "in.mp4", sound="aac", seconds=20)
    code = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
import numpy as np
from image_classification.CFC_SP.core.records import Frame, FrameResult, Source
from image_classification.CFC_SP.writers.annotated_video import write_annotated_video
image = np.zeros((256, 256, 3), np.uint8)
source = Source({source.path!r}, "h264", 64, 48, 24.0, 0.5)
def write(count):
    frames = (Frame(i, i / 24, image.copy()) for i in range(count))
    write_annotated_video(source, frames, (FrameResult(i, i / 24) for i in range(count)), {str(tmp_path / "out")!r})
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
write(100)
print(write(100), write(800))
"""
    before, after = map(float, subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert after - before < 40, "700 frames more are 137 MB of pixels"


def test_the_module_reads_no_video_itself():
    assert not any("CFC_SP.video" in str(getattr(value, "__module__", "")) for value in vars(annotated_video).values())
