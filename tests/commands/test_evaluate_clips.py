# SPDX-License-Identifier: Apache-2.0
"""Clips that people labelled, scored with a recognizer that is made up."""

import csv

import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.core.records import Segment, Source, Summary
from image_classification.CFC_SP.prediction import recognizer
from image_classification.CFC_SP.support.errors import UserError


class MadeUp:
    """Says that every face is neutral for two seconds and happy for two, but of one clip nothing."""

    def __init__(self, *how):
        self._path = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def __iter__(self):
        return iter(())

    def video(self, path):
        if "broken" in path.name:
            raise UserError(f"{path.name} cannot be read")
        self._path = path
        return self

    @property
    def summary(self) -> Summary:
        source = Source(str(self._path), "h264", 64, 48, 25.0, 4.0)
        segments = [Segment(1, 0.0, 2.0, "Neutral", 0.9), Segment(1, 2.0, 4.0, "Happiness", 0.8)]
        return Summary(source, {}, "cpu", "onednn", 24, segments=segments)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recognizer, "Recognizer", MadeUp)
    for folder in ("clips", "labels"):
        (tmp_path / folder).mkdir()
    for name, end_s in (("a", 3), ("b", 1), ("broken", 3)):
        (tmp_path / "clips" / f"{name}.mp4").touch()
        (tmp_path / "labels" / f"{name}.csv").write_text(f"start_s,end_s,label\n0,{end_s},calm\n{end_s},4,joy\n")
    (tmp_path / "clips" / "unlabelled.mp4").touch()
    (tmp_path / "labels.yaml").write_text("calm: Neutral\njoy: Happiness\n")
    return tmp_path


WORDS = "-video clips -annotations labels -mapping labels.yaml"


def test_all_clips_are_scored_and_those_that_fail_told(desk, capsys):
    assert cli.main(["evaluate", *WORDS.split(), "-out", "found"]) == 2
    said = capsys.readouterr()
    assert "error: broken.mp4 cannot be read" in said.err and "unlabelled: no annotation, left out" in said.err
    assert "OURS: bundle lite. THEIRS: labels" in said.out and "75.00%" in said.out
    assert "2.00 to 3.00 s, a: OURS Happiness, THEIRS Neutral" in said.out
    with open(desk / "found" / "agreement.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["clip"], row["samples"], row["agreement"]) for row in rows] == [
        ("all", "200", "0.750000"),
        ("a", "100", "0.750000"),
        ("b", "100", "0.750000"),
    ]


def test_without_a_failing_clip_the_exit_code_is_0(desk):
    (desk / "clips" / "broken.mp4").unlink()
    assert cli.main(["evaluate", *WORDS.split()]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "expected a data set, or clips and their labels, found neither"),
        ("-video clips", "give -video and -annotations"),
        ("-annotations labels", "give -video and -annotations"),
        (f"{WORDS} -flip", "neither -data nor -flip"),
        (f"{WORDS} -coarse a.safetensors", "expected a bundle for clips, found checkpoints"),
        ("-video clips -annotations labels", "expected labels among"),
        ("-video clips -annotations none", "expected a folder of annotations"),
    ],
)
def test_a_mistake_is_told_before_a_clip_is_looked_at(desk, capsys, words, told):
    assert cli.main(["evaluate", *words.split()]) == 2
    said = capsys.readouterr()
    assert told in said.err and said.err.count("\n") == 1 and not said.out


def test_two_clips_of_one_name_are_told(desk, capsys):
    (desk / "clips" / "a.mov").touch()
    assert cli.main(["evaluate", *WORDS.split()]) == 2
    assert "found two called 'a'" in capsys.readouterr().err
