# SPDX-License-Identifier: Apache-2.0
import csv
import itertools
import re

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.commands import prepare_affwild2
from image_classification.CFC_SP.data.affwild2 import HEADER, load_affwild2
from image_classification.CFC_SP.preparing.crop_report import COLUMNS, CropReport
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


def prepare(*arguments):
    return run_script(prepare_affwild2, [*map(str, arguments), "-jobs", "1"])


def annotate(root, split, name, labels):
    path = root / "EXPR_Classification_Challenge" / split / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *map(str, labels)]) + "\n")


@pytest.fixture
def data_set(tmp_path):
    """A talking man, alone and as the right one of two; a clip without a face; annotations that do not fit."""
    videos = tmp_path / "videos" / "deep"
    videos.mkdir(parents=True)
    with open_video(clips.real_clip("carphone_pristine.mp4")) as reader:
        man = [frame.image[:, :192] for frame in itertools.islice(reader, 24)]
    clips.write_clip(videos / "man.mp4", man)
    # Larger and lighter on the left, so that size alone would pick the wrong one.
    left = [cv2.resize(image // 2 + 128, None, fx=1.5, fy=1.5) for image in man[:6]]
    right = [cv2.copyMakeBorder(image, 0, 72, 0, 88, cv2.BORDER_CONSTANT) for image in man[:6]]
    clips.write_clip(videos / "two.mp4", [np.hstack(pair) for pair in zip(left, right, strict=True)])
    clips.write_clip(videos / "empty.mp4", clips.pictures(5))
    annotate(tmp_path, "Train_Set", "man", [4] * 20)
    annotate(tmp_path, "Train_Set", "two_right", [5] * 6)
    annotate(tmp_path, "Train_Set", "empty", [0] * 7)
    annotate(tmp_path, "Validation_Set", "gone", [0] * 5)
    return tmp_path


def rows_of(data_set):
    with open(data_set / "crops.csv", newline="") as file:
        return {row["video"]: row for row in csv.DictReader(file)}


def files_of(data_set):
    return {path.relative_to(data_set): path.read_bytes() for path in (data_set / "crops").rglob("*") if path.is_file()}


def test_from_videos_to_a_data_set(data_set, capsys):
    command = ("-video", data_set / "videos", "-data", data_set, "-size", 64)
    assert prepare(*command) == 1
    told = capsys.readouterr().err
    assert re.search(r"warning: .*Validation_Set/gone.txt: no video gone under", told)
    assert re.search(r"Train_Set/man.txt: 20 labels for 24 frames; frames from 21 on were left out", told)
    assert re.search(r"Train_Set/empty.txt line 7: 7 labels for 5 frames; from this line on they were left out", told)
    rows = rows_of(data_set)
    columns = COLUMNS[1:]
    assert [rows["empty"][name] for name in columns] == ["5", "7", "0", "5", "0", "64", "similarity"]
    assert [rows["man"][name] for name in columns] == ["24", "20", "20", "0", "0", "64", "similarity"]
    data = load_affwild2(data_set, "train")
    assert data.names == (*(f"man/{i:05d}.jpg" for i in range(1, 21)), *(f"two_right/{i:05d}.jpg" for i in range(1, 7)))
    pictures = [data.picture(number) for number in (0, 20)]
    assert pictures[0].shape == (64, 64, 3)
    assert pictures[0].std() > 20
    assert pictures[1].mean() == pytest.approx(pictures[0].mean(), abs=10)

    # What is done is left alone, and what is wrong is said again.
    before = {path: path.stat().st_mtime_ns for path in (data_set / "crops").rglob("*.jpg")}
    assert prepare(*command) == 1
    again = capsys.readouterr()
    assert "3 done before, 0 to do, 1 missing" in again.out
    assert again.err.count("warning: ") == told.count("warning: ") == 3
    assert {path: path.stat().st_mtime_ns for path in before} == before

    # A call that was killed leaves a part, or crops that are not in the report; another annotation takes other crops.
    whole = files_of(data_set)
    (data_set / "crops" / ".part-two_right").mkdir()
    (data_set / "crops" / ".part-two_right" / "00009.jpg").write_bytes(b"half")
    (data_set / "crops" / "two_right" / "00001.jpg").unlink()
    report = CropReport(data_set / "crops.csv")
    report.add(report.rows.pop("two_right") | {"video": "two_right", "labels": 5})
    assert prepare(*command) == 1
    assert "2 done before, 1 to do, 1 missing" in capsys.readouterr().out
    assert files_of(data_set) == whole


def test_mistakes_are_one_sentence(data_set, tmp_path, capsys):
    annotate(tmp_path / "twice", "Train_Set", "man", [0])
    annotate(tmp_path / "twice", "Validation_Set", "man", [0])
    annotate(tmp_path / "wrong", "Train_Set", "man", [0, 9])
    CropReport(tmp_path / "wrong" / "crops.csv").add(dict.fromkeys(COLUMNS, 48) | {"align": "none"})
    videos = data_set / "videos"
    (tmp_path / "more" / "batch2").mkdir(parents=True)
    for folder in (tmp_path / "more", tmp_path / "more" / "batch2"):
        (folder / "man.avi").touch()
    for arguments, message in (
        (("-video", tmp_path / "gone", "-data", data_set), "expected videos .* with the annotations' names, found none"),
        (("-video", tmp_path / "more", "-data", data_set), "expected one video man, found .*man.avi and .*man.avi"),
        (("-video", videos, "-data", videos), "no folder .* with Train_Set or Validation_Set or Test_Set"),
        (("-video", videos, "-data", tmp_path / "twice"), "expected each video in one set, found it in .*Train_Set"),
        (("-video", videos, "-data", tmp_path / "wrong"), "man.txt line 3: expected a number from -1 to 7, found '9'"),
        (("-video", videos, "-data", data_set, "-size", 4), "-size: expected 16 to 1024 px"),
        (("-video", videos, "-data", data_set, "-bundle", tmp_path / "gone"), "gone"),
    ):
        assert prepare(*arguments) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: ") and told.count("\n") == 1
        assert re.search(message, told)
    annotate(tmp_path / "wrong", "Train_Set", "man", [0])
    assert prepare("-video", videos, "-data", tmp_path / "wrong", "-size", 64) == 2
    assert re.search("-size 64: found crops of 48 px", capsys.readouterr().err)
    assert prepare("-video", videos, "-data", tmp_path / "wrong", "-size", 48) == 2
    assert re.search("-align similarity: found crops of -align none", capsys.readouterr().err)
