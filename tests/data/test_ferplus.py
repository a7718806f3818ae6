# SPDX-License-Identifier: Apache-2.0
import shutil
import zipfile

import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.data.ferplus import load_ferplus
from image_classification.CFC_SP.support.errors import UserError

# Votes: neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, NF. Then: the class under the official
# protocol, and the class for training, None where the picture is left out.
PROTOCOL = {
    "clear": ([0, 8, 2, 0, 0, 0, 0, 0, 0, 0], "Happiness", "Happiness"),
    "contempt is Other": ([0, 0, 0, 0, 0, 0, 0, 9, 0, 0], "Other", "Other"),
    "votes of 1 are noise": ([4, 1, 1, 1, 1, 1, 1, 0, 0, 0], "Neutral", "Neutral"),
    "only votes of 1": ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None, None),
    "exactly half": ([0, 0, 4, 4, 0, 0, 0, 0, 0, 0], None, "Sadness"),
    "most, but no majority": ([0, 0, 0, 0, 4, 3, 3, 0, 0, 0], None, "Anger"),
    "majority once ones are gone": ([0, 0, 0, 0, 0, 5, 4, 1, 0, 0], "Disgust", "Disgust"),
    "unknown": ([0, 2, 0, 0, 0, 0, 0, 0, 8, 0], None, None),
    "no face": ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None, None),
    "unknown counts in the rest": ([0, 0, 0, 0, 0, 0, 5, 0, 5, 0], None, "Fear"),
    "face against unknown": ([0, 0, 0, 0, 0, 0, 6, 0, 4, 0], "Fear", "Fear"),
}
TO_EXPR = ["Neutral", "Happiness", "Surprise", "Sadness", "Anger", "Disgust", "Fear", "Other"]


def reference(votes):
    """The distribution over EXPR, written out."""
    kept = [count if count > 1 else 0 for count in votes]
    return [kept[TO_EXPR.index(name)] / sum(kept[:8]) for name in EXPR]


@pytest.fixture
def rows():
    rng = np.random.default_rng(2)
    return [
        (usage, f"fer{i:07d}.png", votes, rng.integers(0, 256, (48, 48), dtype=np.uint8))
        for usage in ("Training", "PublicTest", "PrivateTest")
        for i, (votes, _, _) in enumerate(PROTOCOL.values())
    ]


@pytest.fixture
def folder(tmp_path, write_ferplus, rows):
    return write_ferplus(tmp_path / "fer", rows)


@pytest.mark.parametrize(("split", "usage", "column"), [("train", "Training", 2), ("val", "PublicTest", 1), ("test", "PrivateTest", 1)])
def test_protocol(folder, rows, split, usage, column):
    split = load_ferplus(folder, split)
    expected = {f"fer{i:07d}.png": case for i, case in enumerate(PROTOCOL.values()) if case[column]}
    assert split.names == tuple(expected)
    assert [EXPR[c] for c in split.classes] == [case[column] for case in expected.values()]
    np.testing.assert_allclose(split.votes, [reference(case[0]) for case in expected.values()], atol=1e-6)
    originals = {name: picture for u, name, _, picture in rows if u == usage}
    np.testing.assert_array_equal(split.pictures, [originals[name] for name in expected])
    assert (split.pictures.dtype, split.votes.dtype, split.classes.dtype) == (np.uint8, np.float32, np.int64)


def test_picture_is_grey_as_rgb(folder):
    split = load_ferplus(folder, "val")
    np.testing.assert_array_equal(split.picture(1), np.repeat(split.pictures[1][..., None], 3, axis=2))


@pytest.mark.parametrize("layout", ["zip", "zip of the folder", "zip without data", "folder above", "pictures beside the table"])
def test_every_layout_gives_the_same(folder, tmp_path, layout):
    expected = load_ferplus(folder, "train")
    if layout == "zip":
        root = shutil.make_archive(str(tmp_path / "plain"), "zip", folder)
    elif layout == "zip of the folder":
        root = shutil.make_archive(str(tmp_path / "nested"), "zip", tmp_path, "fer")
    elif layout == "folder above":
        root = tmp_path
    else:
        root = tmp_path / "flat"
        shutil.copytree(folder / "data", root)
        shutil.copy(folder / "fer2013new.csv", root)
        if layout == "zip without data":
            root = shutil.make_archive(str(tmp_path / "flat"), "zip", root)
    found = load_ferplus(root, "train")
    assert found.names == expected.names
    np.testing.assert_array_equal(found.pictures, expected.pictures)
    np.testing.assert_array_equal(found.votes, expected.votes)


def refused(root, *parts, split="train"):
    with pytest.raises(UserError) as error:
        load_ferplus(root, split)
    message = str(error.value)
    assert [part for part in parts if part not in message] == [], message
    assert "\n" not in message


def test_missing_data_set(tmp_path):
    refused("", "DATA.ROOT is empty", "-opts DATA.ROOT")
    refused(tmp_path / "nowhere", "no data set at", "nowhere", "check the path")
    refused(tmp_path, "expected fer2013new.csv", str(tmp_path))


def test_table(folder):
    table = folder / "fer2013new.csv"
    lines = table.read_text(encoding="utf-8").splitlines()

    def refused_with(text, *parts):
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        refused(folder, str(table), *parts)

    refused_with("usage,file\n", "expected the header Usage,Image name", "'usage,file'")
    refused_with("", "expected the header", "found ''")
    refused_with(bytes(range(256)) * 4, "expected FER+'s table")
    refused_with("\n".join([*lines[:3], lines[3].replace(",0", ",x", 1)]), "line 4", "ten vote counts")
    refused_with("\n".join([*lines[:3], lines[3][:-2]]), "line 4", "12 fields")
    refused_with("\n".join([lines[0]] + [line for line in lines if line.startswith("PublicTest")]), "Usage Training", "incomplete")
    refused_with(f"{lines[0]}\nTraining,fer0000000.png,0,0,0,0,0,0,0,0,9,0\n", "Training rows with a known expression")


def test_pictures(folder):
    picture = folder / "data/FER2013Train/fer0000001.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:100])
    refused(folder, "FER2013Train/fer0000001.png", "expected a 48x48 picture", "no picture")
    picture.write_bytes(b"")
    refused(folder, "FER2013Train/fer0000001.png", "no picture")
    picture.write_bytes((folder / "data/FER2013Train/fer0000000.png").read_bytes() + bytes(2 << 20))
    refused(folder, "FER2013Train/fer0000001.png", "expected a small file", "this is not FER+")
    picture.unlink()
    refused(folder, str(folder), "FER2013Train/fer0000001.png", "none of that name")


def test_picture_of_another_size(write_ferplus, tmp_path):
    row = ("Training", "fer0000000.png", [9, 0, 0, 0, 0, 0, 0, 0, 0, 0], np.zeros((64, 40), np.uint8))
    refused(write_ferplus(tmp_path / "fer", [row]), "fer0000000.png", "found 40x64")


def test_a_file_that_is_no_zip(tmp_path):
    (tmp_path / "fer.zip").write_text("not a zip", encoding="utf-8")
    refused(tmp_path / "fer.zip", "fer.zip", "no zip")


def test_damaged_zip(folder, tmp_path):
    """Bytes changed inside the compressed table, and then in a stored picture: each is refused with the file's name."""
    with zipfile.ZipFile(tmp_path / "fer.zip", "w") as archive:
        archive.write(folder / "fer2013new.csv", "fer2013new.csv", zipfile.ZIP_DEFLATED)
        for path in folder.glob("data/*/*.png"):
            archive.write(path, path.relative_to(folder), zipfile.ZIP_STORED)
        first, later = archive.getinfo("fer2013new.csv"), archive.getinfo("data/FER2013Train/fer0000002.png")
    whole = (tmp_path / "fer.zip").read_bytes()
    for info, name in ((first, "fer2013new.csv"), (later, "FER2013Train/fer0000002.png")):
        damaged = bytearray(whole)
        start = info.header_offset + 30 + len(info.filename) + 20
        damaged[start : start + 40] = b"\xff" * 40
        (tmp_path / "damaged.zip").write_bytes(damaged)
        refused(tmp_path / "damaged.zip", "damaged.zip", name, "cannot be read")


def test_oversized_entry_is_refused_unread(folder, tmp_path, monkeypatch):
    """A zip bomb: 64 MiB of zeros in a few kB."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "fer2013new.csv", "fer2013new.csv")
        archive.writestr("data/FER2013Train/fer0000000.png", bytes(64 << 20))
    unpacked = []
    read = zipfile.ZipFile.read
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, info, *rest: unpacked.append(info.filename) or read(self, info, *rest))
    refused(tmp_path / "bomb.zip", "FER2013Train/fer0000000.png", "67108864 bytes")
    assert unpacked == ["fer2013new.csv"]


@pytest.mark.parametrize("name", ["../secret.png", "../../secret.png", "ABSOLUTE"])
def test_no_path_outside_the_data_set(folder, tmp_path, rows, name):
    secret = tmp_path / "secret.png"
    shutil.copy(folder / "data/FER2013Train/fer0000000.png", secret)
    shutil.copy(secret, folder / "secret.png")
    header = (folder / "fer2013new.csv").read_text(encoding="utf-8").splitlines()[0]
    row = f"Training,{secret if name == 'ABSOLUTE' else name},9,0,0,0,0,0,0,0,0,0"
    (folder / "fer2013new.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    refused(folder, "none of that name")
    refused(shutil.make_archive(str(tmp_path / "packed"), "zip", folder), "none of that name")
