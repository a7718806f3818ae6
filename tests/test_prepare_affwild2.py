import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from image_classification.CFC_SP.training.affwild2 import HEADER, load_affwild2
from tests import clips
from tools.prepare_affwild2 import base_name, pick_face, side_of

TOOL = Path(__file__).resolve().parents[1] / "tools" / "prepare_affwild2.py"


def prepare(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def annotate(root, split, name, labels):
    path = root / "EXPR_Classification_Challenge" / split / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *map(str, labels)]) + "\n")


def test_the_person_is_picked_by_side_then_size():
    boxes = np.array([[0, 0, 30, 30], [40, 0, 60, 20], [50, 0, 100, 50]], np.float32)
    assert [pick_face(boxes, 100, side) for side in (None, "left", "right")] == [2, 0, 2]
    assert pick_face(boxes[2:], 100, "left") is None
    assert pick_face(boxes[:0], 100, None) is None
    assert (side_of("clip_left"), side_of("clip"), base_name("clip_right"), base_name("left")) == ("left", None, "clip", "left")


@pytest.fixture
def data_set(tmp_path):
    """A talking man twice, once as the left person of two; a clip without a face; an annotation without a video."""
    videos = tmp_path / "videos" / "deep"
    videos.mkdir(parents=True)
    (videos / "man.mp4").write_bytes(clips.real_clip("carphone_pristine.mp4").read_bytes())
    clips.write_clip(videos / "empty.mp4", clips.pictures(5))
    annotate(tmp_path, "Train_Set", "man", [4] * 20)
    annotate(tmp_path, "Train_Set", "empty", [0] * 5)
    annotate(tmp_path, "Validation_Set", "gone", [0] * 5)
    return tmp_path


def test_from_videos_to_a_data_set(data_set):
    done = prepare("-videos", data_set / "videos", "-root", data_set, "-size", 64, "-jobs", 1)
    assert done.returncode == 1, done.stderr
    assert "gone: no video gone under" in done.stderr
    assert "man: 20 labels for 120 frames" in done.stderr
    with open(data_set / "crops.csv", newline="") as file:
        rows = {row["video"]: row for row in csv.DictReader(file)}
    assert rows["empty"] == {"video": "empty", "frames": "5", "labels": "5", "faces": "0", "without_face": "5", "damaged_frames": "0"}
    assert (rows["man"]["frames"], rows["man"]["faces"], rows["man"]["without_face"]) == ("120", "20", "0")
    data = load_affwild2(data_set, "train")
    assert data.names == tuple(f"man/{i:05d}.jpg" for i in range(1, 21))
    picture = data.picture(0)
    assert picture.shape == (64, 64, 3)
    assert picture.std() > 20

    # What is done is left alone.
    crop = data_set / "crops" / "man" / "00001.jpg"
    before = crop.stat().st_mtime_ns
    again = prepare("-videos", data_set / "videos", "-root", data_set, "-size", 64)
    assert "2 done before, 0 to do, 1 missing" in again.stdout
    assert crop.stat().st_mtime_ns == before
    assert not list((data_set / "crops").glob(".part-*"))


def test_mistakes_are_one_sentence(data_set, tmp_path):
    for arguments, message in (
        (("-videos", tmp_path / "crops", "-root", data_set), "expected videos"),
        (("-videos", data_set / "videos", "-root", data_set / "videos"), "no folder .*Train_Set"),
        (("-videos", data_set / "videos", "-root", data_set, "-size", 4), "-size: expected 16 to 1024 px"),
    ):
        done = prepare(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert re.search(message, done.stderr)
