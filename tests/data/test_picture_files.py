"""Readers of data sets beside FER+, on small ones written here in each one's own layout."""

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.data.datasets import DATASETS, as_stage, load_split
from image_classification.CFC_SP.data.loader import training_batches
from image_classification.CFC_SP.data.picture_files import is_held_out
from image_classification.CFC_SP.support.errors import UserError

HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"


def write_picture(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((12, 10, 3), value, np.uint8))


def named(data):
    return {name: EXPR[number] for name, number in zip(data.names, data.classes, strict=True)}


def test_class_folders(tmp_path):
    for i, name in enumerate(["happy", "Anger", "CONTEMPT", "neutral"]):
        write_picture(tmp_path / "train" / name / "b.png", i)
    write_picture(tmp_path / "train" / "happy" / "a.jpg", 200)
    (tmp_path / "train" / "happy" / "notes.txt").write_text("no picture")
    data = DATASETS["folders"](tmp_path, "train")
    expected = {
        "Anger/b.png": "Anger",
        "CONTEMPT/b.png": "Other",
        "happy/a.jpg": "Happiness",
        "happy/b.png": "Happiness",
        "neutral/b.png": "Neutral",
    }
    assert named(data) == expected
    np.testing.assert_array_equal(data.votes.argmax(1), data.classes)
    np.testing.assert_array_equal(data.picture(2), np.full((12, 10, 3), 200))
    with pytest.raises(UserError, match="no folder .*val: expected the unpacked data set"):
        DATASETS["folders"](tmp_path, "val")
    write_picture(tmp_path / "train" / "bored" / "a.png", 0)
    with pytest.raises(UserError, match="expected a folder named after a class .*, found 'bored'"):
        DATASETS["folders"](tmp_path, "train")


def test_pictures_come_in_rgb_order(tmp_path):
    (tmp_path / "train" / "sad").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "sad" / "a.png"), np.full((2, 2, 3), (1, 2, 3), np.uint8))
    assert DATASETS["folders"](tmp_path, "train").picture(0)[0, 0].tolist() == [3, 2, 1]


def test_a_damaged_picture_is_named(tmp_path):
    path = tmp_path / "train" / "sad" / "a.png"
    for content in (b"", b"no picture"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(UserError, match="a.png: expected a picture, found none that decodes"):
            DATASETS["folders"](tmp_path, "train").picture(0)


def write_fer2013(path, rows):
    lines = [f"{emotion},{' '.join([str(value)] * count)},{usage}" for emotion, value, count, usage in rows]
    path.write_text("emotion,pixels,Usage\n" + "\n".join(lines) + "\n")
    return path


def test_fer2013(tmp_path):
    rows = [(i, 10 * i, 48 * 48, "Training") for i in range(7)] + [(6, 99, 48 * 48, "PrivateTest")]
    write_fer2013(tmp_path / "fer2013.csv", rows)
    data = DATASETS["fer2013"](tmp_path, "train")
    assert [EXPR[number] for number in data.classes] == ["Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral"]
    np.testing.assert_array_equal(data.picture(3), np.full((48, 48, 3), 30))
    assert DATASETS["fer2013"](tmp_path / "fer2013.csv", "test").names == ("fer2013.csv:9",)
    with pytest.raises(UserError, match="expected rows with Usage PublicTest, found none"):
        DATASETS["fer2013"](tmp_path, "val")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((7, 0, 2304, "Training"), "line 2: expected an emotion from 0 to 6, found '7'"),
        ((0, 0, 2303, "Training"), "line 2: expected 2304 numbers from 0 to 255"),
        ((0, 256, 2304, "Training"), "line 2: expected 2304 numbers from 0 to 255"),
    ],
)
def test_fer2013_names_a_wrong_line(row, message, tmp_path):
    with pytest.raises(UserError, match=message):
        DATASETS["fer2013"](write_fer2013(tmp_path / "fer2013.csv", [row]), "train")


def test_rafdb(tmp_path):
    table = tmp_path / "EmoLabel" / "list_patition_label.txt"
    table.parent.mkdir()
    lines = [f"train_{i:05d}.jpg {i % 7 + 1}" for i in range(70)] + ["test_0001.jpg 7"]
    table.write_text("\n".join(lines))
    (tmp_path / "Image" / "aligned").mkdir(parents=True)
    train, val, test = (DATASETS["rafdb"](tmp_path, split) for split in ("train", "val", "test"))
    assert named(test) == {"test_0001_aligned.jpg": "Neutral"}
    assert 1 <= len(val) <= 20
    assert len(train) + len(val) == 70
    assert not set(train.names) & set(val.names)
    order = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]
    assert all(label == order[int(name[6:11]) % 7] for name, label in (named(train) | named(val)).items())
    for wrong in ("train_1.jpg 8", "train_1.jpg", "train_1.jpg 0", "train_1.jpg x"):
        table.write_text(f"train_0.jpg 1\n{wrong}\n")
        with pytest.raises(UserError, match="list_patition_label.txt line 2: expected a file name and a number from 1 to 7"):
            DATASETS["rafdb"](tmp_path, "train")


def test_affectnet(tmp_path):
    for i in range(44):
        for folder in ("train_set", "val_set")[: 1 if i >= 11 else 2]:
            write_picture(tmp_path / folder / "images" / f"{i}.jpg", 0)
            (tmp_path / folder / "annotations").mkdir(exist_ok=True)
            np.save(tmp_path / folder / "annotations" / f"{i}_exp.npy", np.array(str(i % 11)))
    order = ["Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Other"]
    assert named(DATASETS["affectnet"](tmp_path, "test")) == {f"{i}.jpg": name for i, name in enumerate(order)}
    train, val = (DATASETS["affectnet"](tmp_path, split) for split in ("train", "val"))
    assert sorted([*train.names, *val.names]) == sorted(f"{i}.jpg" for i in range(44) if i % 11 < 8)
    assert all(is_held_out(name) for name in val.names)
    np.save(tmp_path / "val_set" / "annotations" / "0_exp.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="0_exp.npy: expected AffectNet's annotation"):
        DATASETS["affectnet"](tmp_path, "test")


def write_affwild2(root, annotations, crops, folder="Train_Set", header=HEADER):
    for video, labels in annotations.items():
        path = root / "EXPR_Classification_Challenge" / folder / f"{video}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *map(str, labels)]) + "\n")
    (root / "crops").mkdir(exist_ok=True)
    for video, frames in crops.items():
        for frame in frames:
            write_picture(root / "crops" / video / f"{frame:05d}.jpg", frame)
    return root


def test_affwild2(tmp_path):
    annotations = {"clip_left": [4, -1, 0, 7], "clip": [5, 5, 1]}
    write_affwild2(tmp_path, annotations, {"clip_left": [1, 2, 4], "clip": [3]})
    data = DATASETS["affwild2"](tmp_path, "train")
    assert named(data) == {"clip/00003.jpg": "Anger", "clip_left/00001.jpg": "Happiness", "clip_left/00004.jpg": "Other"}
    assert abs(int(data.picture(0)[0, 0, 0]) - 3) <= 1
    with pytest.raises(UserError, match="test labels are not public"):
        DATASETS["affwild2"](tmp_path, "test")
    with pytest.raises(UserError, match="no folder .*Validation_Set"):
        DATASETS["affwild2"](tmp_path, "val")
    write_affwild2(tmp_path, {"held": [3]}, {"held": [1]}, folder="Test_Set")
    assert named(DATASETS["affwild2"](tmp_path, "test")) == {"held/00001.jpg": "Fear"}
    write_affwild2(tmp_path, {"uncut": [3]}, {})
    with pytest.raises(UserError, match="no folder .*uncut: expected the crops of .*uncut.txt; .* tools/prepare_affwild2.py"):
        DATASETS["affwild2"](tmp_path, "train")


@pytest.mark.parametrize(
    ("labels", "frames", "header", "message"),
    [
        ([0, 8], [1], HEADER, "clip.txt line 3: expected a number from -1 to 7, found '8'"),
        ([0, "x"], [1], HEADER, "line 3: expected a number from -1 to 7, found 'x'"),
        ([0, 1], [1, 3], HEADER, "expected a label for each frame, found 2 for the crop 00003.jpg"),
        ([0], [1], "Happiness,Neutral", "line 1: expected the header Neutral,Anger"),
        ([-1], [1], HEADER, "expected train pictures with an expression, found none"),
    ],
)
def test_affwild2_names_what_is_wrong(labels, frames, header, message, tmp_path):
    write_affwild2(tmp_path, {"clip": labels}, {"clip": frames}, header=header)
    with pytest.raises(UserError, match=message):
        DATASETS["affwild2"](tmp_path, "train")


def test_a_stage_takes_any_of_them(tmp_path, small_config):
    write_affwild2(tmp_path, {"clip": [1, 2, 3, 5, 0]}, {"clip": [1, 2, 3, 4, 5]})
    data = load_split(small_config({"DATA.NAME": "affwild2", "DATA.ROOT": tmp_path, "STAGE": "negative"}), "train")
    assert data.counts() == {"Anger": 1, "Disgust": 1, "Fear": 1, "Sadness": 1}
    assert data.name(3) == "clip/00004.jpg"


def damaged_folders(root, count, damaged):
    for i in range(count):
        write_picture(root / "train" / ("sad" if i % 2 else "happy") / f"{i:04d}.png", i % 256)
    for i in damaged:
        (root / "train" / ("sad" if i % 2 else "happy") / f"{i:04d}.png").write_bytes(b"no picture")
    return as_stage(DATASETS["folders"](root, "train"), "flat", "single")


def test_damaged_pictures_are_left_out_with_a_word(tmp_path, small_config):
    """0, 2, ... are happy and come first: of 300 pictures number 150 is the first sad one."""
    data = damaged_folders(tmp_path, 300, [8, 10, 299])
    picture, place = data.sample(4)
    assert place == 6 and picture[0, 0, 0] == 12
    assert data.sample(299)[1] == 0
    assert sorted(data.damaged) == [4, 5, 299]
    assert "0008.png: expected a picture" in data.damaged[4]
    assert np.flatnonzero(~data.whole()).tolist() == [4, 5, 299]
    # A batch has the labels of the pictures that are in it.
    _, targets = next(training_batches(data, np.array([299, 4, *range(6, 20)]), small_config(), 0))
    np.testing.assert_array_equal(targets, data.targets[[0, 6, *range(6, 20)]])


def test_too_many_damaged_pictures_are_refused(tmp_path):
    data = damaged_folders(tmp_path, 300, [8, 10, 12, 14])
    with pytest.raises(UserError, match="more than 1% of 300 pictures are damaged: .*0008.png"):
        data.sample(4)
