# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.data.affwild2 import read_annotation
from image_classification.CFC_SP.scoring.frames import load_frames
from image_classification.CFC_SP.scoring.submission import write_submission
from image_classification.CFC_SP.support.errors import UserError


def test_a_submission_reads_as_annotations(affwild2, tmp_path):
    frames = load_frames("affwild2", affwild2, "val")
    labels = np.arange(19) % 8
    folder = write_submission(frames, labels, tmp_path / "files")
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b_left.txt", "c.txt"]
    for name, start, end in (("a", 0, 12), ("b_left", 12, 16), ("c", 16, 19)):
        np.testing.assert_array_equal(read_annotation(folder / f"{name}.txt"), labels[start:end])
    assert (folder / "c.txt").read_text() == "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n1\n2\n"


def test_mistakes_are_one_sentence(affwild2, tmp_path, random_frames):
    frames = load_frames("affwild2", affwild2, "val")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="-submission: expected a folder, found a file at .*choose another -submission"):
        write_submission(frames, np.zeros(19, int), tmp_path / "file")
    stills = type(frames)(frames.source, frames.picture, frames.classes, (), frames.bounds)
    with pytest.raises(UserError, match="the challenge takes only videos"):
        write_submission(stills, np.zeros(19, int), tmp_path / "files")
