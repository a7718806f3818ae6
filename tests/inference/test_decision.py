# SPDX-License-Identifier: Apache-2.0
"""From logits to expressions, on made-up ones: chunks, gaps and tracks."""

import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import COARSE, EXPR
from image_classification.CFC_SP.core.records import Faces
from image_classification.CFC_SP.core.reference import cascade_reference
from image_classification.CFC_SP.inference import decision
from image_classification.CFC_SP.inference.decision import Decider
from image_classification.CFC_SP.inference.mode import mode_of
from image_classification.CFC_SP.inference.observation import Observation
from image_classification.CFC_SP.support.stopwatch import Stopwatch
from tests.bundles import settings_of


@pytest.fixture
def decider(model):
    return Decider(model.predictor, Stopwatch(), mode_of(model.bundle))


def faces_of(tracks, index):
    boxes = np.array([[10 * t, index, 10 * t + 8, index + 8] for t in tracks], np.float32).reshape(-1, 4)
    return Faces(boxes, np.ones(len(tracks), np.float32), np.zeros((len(tracks), 5, 2), np.float32), np.array(tracks, np.int64))


def made_up(frames, seed=0):
    """A clip in which track 1 is always there, 2 with gaps, 3 for a while, and some frames show no face."""
    rng = np.random.default_rng(seed)
    for index in range(frames):
        tracks = [1] * (index % 11 != 5) + [2] * (rng.random() < 0.6) + [3] * (30 <= index < 50)
        tracks = [] if index % 17 == 3 else tracks
        coarse = rng.normal(0, 2, (1, len(tracks), 5)).astype(np.float32)
        coarse[:, :, 4] += 1
        yield Observation(index, index / 25, faces_of(tracks, index), coarse, rng.normal(0, 2, (1, len(tracks), 4)).astype(np.float32))


@pytest.mark.parametrize("window", [0, 1, 8, 31, 1000])
@pytest.mark.parametrize("chunk", [1, 7, 40, 4096])
@pytest.mark.parametrize("kind", ["logits", "decoder"])
def test_chunks_give_what_the_whole_clip_gives(model, monkeypatch, kind, window, chunk):
    mode = mode_of(model.bundle, kind)
    decider = Decider(model.predictor, Stopwatch(), mode)
    monkeypatch.setattr(decision, "CHUNK", chunk)
    clip = list(made_up(120))
    results = list(decider.decided(iter(clip), window))
    assert [result.frame for result in results] == list(range(120))
    assert [[face.track for face in result.faces] for result in results] == [item.faces.tracks.tolist() for item in clip]
    for track in (1, 2, 3):
        at = [(i, item.faces.tracks.tolist().index(track)) for i, item in enumerate(clip) if track in item.faces.tracks]
        first, length = at[0][0], at[-1][0] - at[0][0] + 1
        coarse, negative, valid = np.zeros((1, length, 5)), np.zeros((1, length, 4)), np.zeros(length, bool)
        for i, row in at:
            coarse[:, i - first], negative[:, i - first] = clip[i].coarse[:, row], clip[i].negative[:, row]
            valid[i - first] = True
        labels, coarse_labels, raw, probabilities, raw_probabilities = cascade_reference(
            coarse, negative, valid, np.array([window]), *settings_of(model.bundle.manifest), kind=kind, tau=mode.tau
        )
        for i, row in at:
            face = results[i].faces[row]
            assert face.box == tuple(clip[i].faces.boxes[row].tolist())
            assert face.label == EXPR[labels[i - first]] and face.raw_label == EXPR[raw[i - first]]
            assert face.coarse == COARSE[coarse_labels[i - first]]
            np.testing.assert_allclose(face.probabilities, probabilities[i - first], atol=1e-4)
            np.testing.assert_allclose(face.raw_probabilities, raw_probabilities[i - first], atol=1e-4)
            assert face.confidence == face.probabilities[EXPR.index(face.label)]


def test_memory_is_bounded_by_window_and_chunk(decider, monkeypatch):
    monkeypatch.setattr(decision, "CHUNK", 16)
    drawn = 0

    def counted():
        nonlocal drawn
        for item in made_up(400):
            drawn += 1
            yield item

    for given, _ in enumerate(decider.decided(counted(), 10)):
        assert drawn - given <= 16 + 10
