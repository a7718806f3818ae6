# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.data.datasets import DATASETS, load_split
from image_classification.CFC_SP.support.errors import UserError
from tests.picture_folders import named, write_picture

HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"


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
    with pytest.raises(UserError, match="no folder .*uncut: expected the crops of .*uncut.txt; .* `cfc-sp prepare`"):
        DATASETS["affwild2"](tmp_path, "train")


@pytest.mark.parametrize(
    ("labels", "frames", "header", "message"),
    [
        ([0, 8], [1], HEADER, "clip.txt line 3: expected a number from -1 to 7, found '8'"),
        ([0, "x"], [1], HEADER, "line 3: expected a number from -1 to 7, found 'x'"),
        ([0], [1], "Happiness,Neutral", "line 1: expected the header Neutral,Anger"),
        ([-1], [1], HEADER, "expected train pictures with an expression, found none"),
    ],
)
def test_affwild2_names_what_is_wrong(labels, frames, header, message, tmp_path):
    write_affwild2(tmp_path, {"clip": labels}, {"clip": frames}, header=header)
    with pytest.raises(UserError, match=message):
        DATASETS["affwild2"](tmp_path, "train")


def test_crops_beyond_the_labels_are_left_out_and_counted(tmp_path, capsys):
    write_affwild2(tmp_path, {"clip": [0, 1], "other": [3]}, {"clip": [1, 3, 4], "other": [1, 2]})
    (tmp_path / "crops" / "clip" / f"{'9' * 200}.jpg").touch()
    assert named(DATASETS["affwild2"](tmp_path, "train")) == {"clip/00001.jpg": "Neutral", "other/00001.jpg": "Fear"}
    assert "3 crops of train videos lie beyond their annotations and were left out, such as clip/00003.jpg" in capsys.readouterr().err


def test_annotations_of_later_years_are_found(tmp_path):
    write_affwild2(tmp_path, {"clip": [3]}, {"clip": [1]})
    (tmp_path / "EXPR_Classification_Challenge").rename(tmp_path / "EXPR_Recognition_Challenge")
    assert named(DATASETS["affwild2"](tmp_path, "train")) == {"clip/00001.jpg": "Fear"}


def test_a_stage_takes_any_of_them(tmp_path, small_config):
    write_affwild2(tmp_path, {"clip": [1, 2, 3, 5, 0]}, {"clip": [1, 2, 3, 4, 5]})
    data = load_split(small_config({"DATA.NAME": "affwild2", "DATA.ROOT": tmp_path, "STAGE": "negative"}), "train")
    assert data.counts() == {"Anger": 1, "Disgust": 1, "Fear": 1, "Sadness": 1}
    assert data.name(3) == "clip/00004.jpg"


@pytest.mark.parametrize(
    ("report", "align", "refused"),
    [
        ("video,frames,align\nclip,1,similarity\n", "similarity", ""),
        ("video,frames,align\nclip,1,similarity\n", "none", "expected crops of -align none, found similarity"),
        ("video,frames\nclip,1\n", "similarity", "expected crops of -align similarity, found none"),
        ("video,align\na,none\nb,similarity\n", "none", "expected crops of one -align, found none, similarity"),
        ("", "similarity", ""),
    ],
)
def test_crops_must_be_cut_out_as_the_network_sees_faces(tmp_path, small_config, report, align, refused):
    write_affwild2(tmp_path, {"clip": list(range(8))}, {"clip": range(1, 9)})
    if report:
        (tmp_path / "crops.csv").write_text(report)
    config = small_config({"DATA.NAME": "affwild2", "DATA.ROOT": tmp_path, "DATA.ALIGN": align})
    if not refused:
        assert len(load_split(config, "train")) == 8
        return
    with pytest.raises(UserError, match=refused):
        load_split(config, "train")


def test_who_has_no_aff_wild2_is_told_how_it_is_had_and_what_does_instead(tmp_path):
    with pytest.raises(UserError, match="DATA.ROOT is empty"):
        DATASETS["affwild2"]("", "train")
    with pytest.raises(UserError) as error:
        DATASETS["affwild2"](tmp_path, "train")
    for words in (
        "Train_Set",
        "<set>/<video>.txt",
        "crops/<video>/00001.jpg",
        "`cfc-sp prepare`",
        "signed by",
        "ferplus",
        "`cfc-sp stand-in`",
    ):
        assert words in str(error.value)
    write_affwild2(tmp_path, {"clip": [3]}, {})
    (tmp_path / "crops").rmdir()
    with pytest.raises(UserError, match="no folder .*crops: expected the faces of the videos, cut out: run `cfc-sp prepare"):
        DATASETS["affwild2"](tmp_path, "train")
