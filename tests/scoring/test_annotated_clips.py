# SPDX-License-Identifier: Apache-2.0
"""Which annotation is of which clip."""

import pytest

from image_classification.CFC_SP.core.annotation import Interval, annotation_from
from image_classification.CFC_SP.scoring.annotated_clips import annotations_of
from image_classification.CFC_SP.scoring.label_mapping import LabelMapping
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.boris import write_boris
from image_classification.CFC_SP.writers.elan import write_eaf

HAPPY = annotation_from([Interval("1", 0.0, 1.0, "happy"), Interval("gaze", 0.0, 1.0, "left")])
ONE_TIER = LabelMapping(tracks={"1": "1"})


def test_files_are_named_after_their_clips(tmp_path):
    write_eaf(tmp_path / "a.eaf", HAPPY)
    (tmp_path / "b.csv").write_text("start_s,end_s,label\n0,1,sad\n")
    (tmp_path / "notes.txt").touch()
    found = annotations_of(["a", "b", "c"], tmp_path, ONE_TIER)
    assert {name: (file.name, annotation.intervals[0].label) for name, (file, annotation) in found.items()} == {
        "a": ("a.eaf", "happy"),
        "b": ("b.csv", "sad"),
    }


def test_a_project_may_be_of_all_clips_and_another_file_of_one(tmp_path):
    write_boris(tmp_path / "x.boris", annotation_from([Interval("1", 0.0, 1.0, "happy")]))
    assert list(annotations_of(["a", "b"], tmp_path / "x.boris", LabelMapping())) == ["a", "b"]
    write_eaf(tmp_path / "x.eaf", HAPPY)
    assert list(annotations_of(["a"], tmp_path / "x.eaf", ONE_TIER)) == ["a"]
    with pytest.raises(UserError, match="expected a folder of annotations for 2 clips, found the file"):
        annotations_of(["a", "b"], tmp_path / "x.eaf", ONE_TIER)


def test_what_is_wrong_is_told_before_a_clip_is_looked_at(tmp_path):
    with pytest.raises(UserError, match="named after the clips, such as a.eaf, found none"):
        annotations_of(["a"], tmp_path, ONE_TIER)
    write_eaf(tmp_path / "a.eaf", HAPPY)
    with pytest.raises(UserError, match="a.eaf: expected labels among .*found 'left'"):
        annotations_of(["a"], tmp_path, LabelMapping())
    (tmp_path / "a.csv").touch()
    with pytest.raises(UserError, match="expected one file of the clip 'a', found a.csv, a.eaf"):
        annotations_of(["a"], tmp_path, ONE_TIER)
