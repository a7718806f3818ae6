# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.core.records import Face, FrameResult, Source
from image_classification.CFC_SP.core.span import WHOLE
from image_classification.CFC_SP.inference.mode import Mode
from image_classification.CFC_SP.prediction.summary_builder import SummaryBuilder
from image_classification.CFC_SP.support.stopwatch import Stopwatch

SOURCE = Source("a.mp4", "h264", 8, 8, 10.0, 1.0)


def face(track, label):
    return Face(track, (0, 0, 1, 1), 1.0, label, 0.5, label, label, (0.5, *[0.5 / 7] * 7))


def summary_of(results, random=False, fell_back=False):
    counts = SummaryBuilder(SOURCE, WHOLE)
    for result in results:
        counts.add(result)
    predictor = SimpleNamespace(status=lambda: {"device": "cpu", "engine": "onednn", "fell_back": fell_back})
    bundle = SimpleNamespace(identity={"name": "mine"}, is_random=random, manifest={"name": "mine"})
    reader = SimpleNamespace(damaged=2, dropped=3, warnings=["of the reader"])
    model = SimpleNamespace(predictor=predictor, bundle=bundle)
    return counts.build(reader, model, Mode("decoder", 0.8, 24, ()), 8, {"window": 8}, Stopwatch())


@pytest.fixture
def results():
    return [
        FrameResult(0, 0.0, (face(1, "Neutral"),)),
        FrameResult(1, 0.1, (face(1, "Happiness"), face(4, "Neutral"))),
        FrameResult(2, 0.2),
    ]


def test_frames_faces_tracks_and_labels_are_counted(results):
    summary = summary_of(results)
    assert (summary.frames, summary.frames_with_faces, summary.face_rows, summary.tracks) == (3, 2, 3, 2)
    assert {label: count for label, count in summary.label_counts.items() if count} == {"Neutral": 2, "Happiness": 1}
    assert [(segment.track, segment.label) for segment in summary.segments] == [(1, "Neutral"), (1, "Happiness"), (4, "Neutral")]
    assert (summary.smoothing, summary.prior, summary.window_frames, summary.options) == ("decoder", 0.8, 8, {"window": 8})
    assert (summary.damaged_frames, summary.dropped_frames, summary.warnings) == (2, 3, ["of the reader"])


def test_what_a_person_must_know_is_a_warning(results):
    assert "no face was found in any frame" in summary_of(results[2:]).warnings
    assert any("labels mean nothing" in warning for warning in summary_of(results, random=True).warnings)
    assert any("oneDNN, or one of" in warning for warning in summary_of(results, fell_back=True).warnings)


def test_counts_take_the_place_of_others(results):
    counts = SummaryBuilder(SOURCE, WHOLE)
    counts.add(results[0])
    counted = counts.counted(replace(summary_of(results), engine="openvino"))
    assert (counted.frames, counted.face_rows, counted.engine, counted.damaged_frames) == (1, 1, "openvino", 2)
