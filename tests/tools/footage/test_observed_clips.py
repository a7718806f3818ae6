# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.inference.bundle import open_bundle
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


@pytest.mark.parametrize("word", ["logits", "logits:256", "logits:x:data", "logits:-1:data", "median:8:data", "logits:8:much"])
def test_other_words_are_refused(word, lite):
    with pytest.raises(UserError, match="expected"):
        modes_of(open_bundle(lite), [word])


def test_a_mode_has_the_window_that_it_names(lite):
    (mode,) = modes_of(open_bundle(lite), ["decoder:12:0.5"])
    assert (mode.kind, mode.window, mode.tau) == ("decoder", 12, 0.5)
