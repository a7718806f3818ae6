# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import FrameResult, Segment, Source, Summary
from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.writers.palette import COLOURS
from image_classification.CFC_SP.writers.timeline import Timeline, bands, clock, ink, picture_size, printable, ticks, write_timeline

FPS = 30


def fed(results, **limits):
    timeline = Timeline(1 / FPS, **limits)
    assert list(timeline.watch(results)) == list(results)
    return timeline


def with_raw(result):
    return replace(result, faces=tuple(replace(face, raw_probabilities=face.probabilities[::-1]) for face in result.faces))


def summary_of(results, name="clip.mp4", segments=()):
    return Summary(Source(name, "h264", 640, 360, FPS, None), {}, "cpu", "onednn", 0, len(results), tracks=1, segments=list(segments))


def test_a_short_clip_is_kept_frame_by_frame(make_results):
    results = [with_raw(result) for result in make_results(6, faces=(1, 1, 0))]
    (curves,) = fed(results).curves()
    faces = [result.faces[0] for result in results if result.faces]
    seen = ~np.isnan(curves.smoothed[:, 0])
    # Each stretch of two frames: the two, its end with the last's values, a gap.
    np.testing.assert_allclose(curves.time_s, np.array([0, 1, 2, 2, 3, 4, 5, 5]) / FPS)
    assert seen.tolist() == [True, True, True, False] * 2
    expected = [faces[i].probabilities for i in (0, 1, 1, 2, 3, 3)]
    np.testing.assert_allclose(curves.smoothed[seen], expected, rtol=1e-6)
    np.testing.assert_allclose(curves.raw[seen], np.array(expected)[:, ::-1], rtol=1e-6)
    assert (curves.frames, curves.frames_a_point) == (4, 1)


def test_raw_probabilities_that_are_not_known_are_not_drawn(make_results):
    (curves,) = fed(make_results(6, faces=(1,))).curves()
    assert np.isnan(curves.raw).all() and np.isfinite(curves.smoothed[:-1]).all()


def test_points_of_long_clips_are_means_of_frames(make_results):
    results = make_results(1000, faces=(1,))
    (curves,) = fed(results, max_points=100).curves()
    width = curves.frames_a_point
    assert width == 16 and len(curves.time_s) <= 100
    for i, begin in enumerate(range(0, 1000, width)):
        part = results[begin : begin + width]
        np.testing.assert_allclose(curves.smoothed[i], np.mean([r.faces[0].probabilities for r in part], axis=0), rtol=1e-5)
        assert curves.time_s[i] == pytest.approx((part[0].time_s + part[-1].time_s) / 2)


@pytest.mark.parametrize("faces", [(1,), (1, 0), (1, 1, 0, 0, 0), (1,) * 50 + (0,) * 50])
@pytest.mark.parametrize("frames", [1, 49, 50, 51, 3000])
def test_points_are_bounded_whatever_the_gaps(make_results, faces, frames):
    timeline = fed(make_results(frames, faces=faces), max_points=50)
    (curves,) = timeline.curves()
    assert 3 <= len(curves.time_s) <= 50
    assert (np.diff(curves.time_s) >= 0).all() and curves.time_s[-1] <= timeline.end_s + 1e-9
    assert timeline.end_s == pytest.approx(frames / FPS)


def test_the_tracks_seen_longest_are_drawn_and_passers_by_forgotten(make_results):
    (face,) = make_results(1, faces=(1,))[0].faces
    results = []
    for i in range(2000):
        stays = [replace(face, track=track) for track in (3, 900) if i % 10]
        results.append(FrameResult(i, i / FPS, (*stays, replace(face, track=1000 + i // 4))))
    timeline = fed(results, max_tracks=3)
    assert [(curves.track, curves.frames) for curves in timeline.curves()[:2]] == [(3, 1800), (900, 1800)]
    assert len(timeline.curves()) == 3 and len(timeline._tracks) <= 8 * 3 + 1


def test_a_band_is_its_segments_until_they_are_too_many():
    few = [Segment(1, 0.0, 1.0, "Anger", 0.5), Segment(2, 0.5, 1.5, "Fear", 0.5), Segment(1, 1.0, 2.0, "Fear", 0.5)]
    assert bands(few, 2.0) == {1: [(0.0, 1.0, "Anger"), (1.0, 2.0, "Fear")], 2: [(0.5, 1.5, "Fear")]}
    # Nine tenths of each second in the first half are Anger, then a third of the time nobody is seen.
    many = [Segment(1, i + at, i + at + span, label, 1) for i in range(600) for at, span, label in ((0, 0.9, "Anger"), (0.9, 0.1, "Other"))]
    many += [Segment(1, 900.0, 1200.0, "Fear", 1)]
    (blocks,) = bands(many, 1200.0).values()
    assert blocks == [(0, pytest.approx(600), "Anger"), (pytest.approx(900), pytest.approx(1200), "Fear")]


def test_times_are_written_as_on_a_clock():
    assert [clock(4), clock(59.96, 1), clock(750.256, 2), clock(3600), clock(0)] == ["0:04", "1:00.0", "12:30.26", "1:00:00", "0:00"]


def test_frames_that_were_skipped_on_purpose_are_no_gaps(make_results):
    results = [replace(result, frame=100 + 7 * i, time_s=(100 + 7 * i) / FPS) for i, result in enumerate(make_results(40, faces=(1,)))]
    timeline = Timeline(7 / FPS, span=Span(3.0, None, 7))
    for result in results:
        timeline.add(result)
    (curves,) = timeline.curves()
    # One stretch: a point a frame, its end and the gap behind it.
    assert len(curves.time_s) == 42 and np.isnan(curves.smoothed[:, 0]).sum() == 1
    assert timeline.begin_s == results[0].time_s and timeline.end_s == pytest.approx(results[-1].time_s + 7 / FPS)
    (blocks,) = bands([Segment(1, 3.0 + i, 4.0 + i, "Fear" if i % 2 else "Anger", 0.5) for i in range(1000)], 1003.0, 3.0).values()
    assert blocks[0][0] == 3.0 and blocks[-1][1] == pytest.approx(1003.0) and len(blocks) <= 400


def test_ticks_of_a_part_lie_in_it():
    assert ticks(3665.0, 3600.0) == {
        float(t): text
        for t, text in [
            (3600, "1:00:00"),
            (3610, "1:00:10"),
            (3620, "1:00:20"),
            (3630, "1:00:30"),
            (3640, "1:00:40"),
            (3650, "1:00:50"),
            (3660, "1:01:00"),
        ]
    }


@pytest.mark.parametrize("end_s", [0.03, 0.4, 1, 4.004, 59, 61, 600, 3600, 5400, 36000, 400000])
def test_ticks_are_few_and_all_different(end_s):
    found = ticks(end_s)
    assert 1 <= len(found) <= 8 and len(set(found.values())) == len(found)
    assert min(found) == 0 and max(found) <= end_s
    assert end_s < 0.1 or len(found) >= 3


@pytest.mark.parametrize("label", EXPR)
def test_lines_stand_out_on_white(label):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in ink(label))]
    contrast = 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    assert contrast > 2.98
    assert ink(label) == COLOURS[label] or contrast < 3.3
    assert len({ink(name) for name in EXPR}) == 8


def test_names_are_made_printable():
    assert printable("Ä b$\u202egpj\n\x00\udcff.mp4") == "Ä b$\ufffdgpj\ufffd\ufffd\ufffd.mp4"


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_the_picture_has_its_size_and_shows_its_input(tmp_path, make_results, recwarn):
    results = [with_raw(result) for result in make_results(60, faces=(2,))]
    segments = [Segment(1, 0.0, 1.0, "Anger", 0.5), Segment(4, 0.5, 2.0, "Sadness", 0.5)]
    made = {}
    for key, rows, name, drawn in [
        ("base", results, "clip.mp4", segments),
        ("again", results, "clip.mp4", segments),
        ("rows", results[:50], "clip.mp4", segments),
        ("name", results, r"$\frac{ \u202e 顔.mp4", segments),
        ("segments", results, "clip.mp4", segments[:1]),
    ]:
        write_timeline(tmp_path / key, summary_of(rows, name, drawn), fed(rows))
        made[key] = pixels(tmp_path / key)
    assert all(picture.shape == (*picture_size(2)[::-1], 3) for picture in made.values())
    assert (made["base"] == made["again"]).all()
    assert all((made["base"] != made[key]).any() for key in ("rows", "name", "segments"))
    assert not len(recwarn)
    # The band shows the segment's own colour.
    assert (made["base"] == COLOURS["Sadness"]).all(-1).sum() > 10000 > (made["segments"] == COLOURS["Sadness"]).all(-1).sum()


def test_a_clip_without_faces_has_a_picture_too(tmp_path, make_results):
    results = make_results(5, faces=(0,))
    write_timeline(tmp_path / "picture", summary_of(results), fed(results))
    assert pixels(tmp_path / "picture").shape == (*picture_size(0)[::-1], 3)


def test_the_size_is_stated_in_the_documents():
    text = (Path(__file__).resolve().parents[2] / "docs" / "output-format.md").read_text(encoding="utf-8")
    assert int(re.search(r"(\d+) pixels wide", text)[1]) == picture_size(1)[0]
