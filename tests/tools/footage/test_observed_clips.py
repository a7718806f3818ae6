# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.cascade_settings import calibration_table
from image_classification.CFC_SP.core.track_cascade import TrackCascade
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.sequence import sequence_of
from image_classification.CFC_SP.support.errors import UserError
from tests import clips
from tools.footage.observed_clips import modes_of, observe, rows_in_mode


def test_a_clip_that_was_observed_once_gives_what_sessions_give(recognizer, tmp_path, astronaut):
    clip = clips.write_clip(tmp_path / "smile.mp4", [astronaut[:256, 80:400]] * 12, fps=15)
    observed = observe(recognizer.model, clip)
    paper, own = modes_of(recognizer.model.bundle, ["logits:256:data", "own"])
    assert rows_in_mode(recognizer.model, observed, own) == recognizer.video(clip).run().rows
    expected = recognizer.video(clip, smoothing="logits", prior="data").run().rows
    assert rows_in_mode(recognizer.model, observed, paper) == expected


def test_a_cascade_decides_in_place_of_the_bundle_s(recognizer, tmp_path, astronaut):
    observed = observe(recognizer.model, clips.write_clip(tmp_path / "smile.mp4", [astronaut[:256, 80:400]] * 3))
    (own,) = modes_of(recognizer.model.bundle, ["own"])
    rows = rows_in_mode(recognizer.model, observed, own)
    assert {face.label for row in rows for face in row.faces} == {"Happiness"}
    assert rows_in_mode(recognizer.model, observed, own, sequence_of(recognizer.model.bundle)) == rows
    # With shares by which Happiness, the second in the order of the stages, is so frequent that it says nothing.
    log_shares = np.array([0, 100, 0, 0, 0, 0, 0, 0], np.float32)
    other = TrackCascade([(1, 2)], [(1, 2)], "count", "routed", log_shares, calibration_table(None))
    assert {face.label for row in rows_in_mode(recognizer.model, observed, own, other) for face in row.faces} == {"Neutral"}


@pytest.mark.parametrize("word", ["logits", "logits:256", "logits:x:data", "logits:-1:data", "median:8:data", "logits:8:much"])
def test_other_words_are_refused(word, lite):
    with pytest.raises(UserError, match="expected"):
        modes_of(open_bundle(lite), [word])


def test_a_mode_has_the_window_that_it_names(lite):
    (mode,) = modes_of(open_bundle(lite), ["decoder:12:0.5"])
    assert (mode.kind, mode.window, mode.tau) == ("decoder", 12, 0.5)
