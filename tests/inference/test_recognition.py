# SPDX-License-Identifier: Apache-2.0
"""The main path over real frames, with the programs in a worker process and in this one."""

from itertools import islice

import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Frame
from image_classification.CFC_SP.inference import recognition
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.inference.observation import FaceObserver
from image_classification.CFC_SP.inference.programs import LocalPredictor
from image_classification.CFC_SP.inference.recognition import recognise_clip
from image_classification.CFC_SP.support.stopwatch import Stopwatch
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


def rows_of(model):
    with open_video(clips.real_clip("carphone_pristine.mp4")) as reader:
        return list(recognise_clip(model, islice(reader, 60), 30, Stopwatch()))


def test_a_clip_says_the_same_in_a_worker_and_in_this_process(model, monkeypatch):
    """To the last bit, and also where no face is sent to the networks before its frame is done."""
    local = LocalPredictor(model.bundle, "cpu")
    rows = rows_of(model)
    assert rows_of(LoadedModel(model.bundle, local, model.min_face)) == rows
    local.close()
    assert sum(len(row.faces) for row in rows) > 50
    monkeypatch.setattr(FaceObserver, "begin", lambda self, seen: None)
    for row, same in zip(rows, rows_of(model), strict=True):
        assert [(face.track, face.box, face.label) for face in row.faces] == [(face.track, face.box, face.label) for face in same.faces]
        for face, other in zip(row.faces, same.faces, strict=True):
            np.testing.assert_allclose(face.probabilities, other.probabilities, atol=1e-4)


@pytest.mark.parametrize(("shape", "depth"), [((90, 160), 64), ((1000, 1000), 22), ((4320, 7680), 1)])
def test_fewer_large_frames_are_decoded_ahead_than_small_ones(model, monkeypatch, shape, depth):
    """64 MB of them, but at least one and at most 64."""
    asked = []

    def spy(items, ahead):
        asked.append(ahead)
        yield from items

    monkeypatch.setattr(recognition, "prefetch", spy)
    clip = [Frame(index, index / 25, np.zeros((*shape, 3), np.uint8)) for index in range(2)]
    assert [result.frame for result in recognise_clip(model, clip, 0, Stopwatch())] == [0, 1]
    assert list(recognise_clip(model, [], 0, Stopwatch())) == []
    assert asked == [depth, 1]
