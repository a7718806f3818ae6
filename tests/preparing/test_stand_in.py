# SPDX-License-Identifier: Apache-2.0
import json
import sys

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.commands import make_stand_in, prepare_affwild2
from image_classification.CFC_SP.core.aligner import crop_face
from image_classification.CFC_SP.data.affwild2 import HEADER, load_affwild2, read_annotation
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.video.reader import open_video
from tools import measure_stand_in


def run(tool, *arguments):
    return run_script(sys.modules[tool.__name__], [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def faces(tmp_path_factory, write_ferplus, astronaut):
    """FER+ with one real face, lighter and darker, neutral and happy; the last test picture shows none."""
    face = cv2.cvtColor(crop_face(astronaut, np.array([175.0, 70, 275, 190]), 48), cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows = []
    for usage in ("PublicTest", "PrivateTest"):
        for i in range(9):
            picture = face * (1 - i / 40) if i < 8 else np.zeros_like(face)
            rows.append((usage, f"fer{len(rows):07d}.png", [0] * (i % 2) + [10] + [0] * (9 - i % 2), picture.astype(np.uint8)))
    return write_ferplus(tmp_path_factory.mktemp("faces"), rows)


def test_from_still_faces_to_a_data_set(faces, tmp_path):
    root = tmp_path / "standin"
    assert run(make_stand_in, "-data", faces, "-out", root, "-clips", 1, "-seconds", 3, "-jobs", 1) == 0
    manifest = json.loads((root / "simulation.json").read_text())
    assert manifest["seed"] == 0 and manifest["source"]["file"] == "fer2013new.csv" and manifest["kind"].startswith("simulation")
    assert "A simulation" in (root / "README.txt").read_text()
    for split, folder in (("val", "Validation_Set"), ("test", "Test_Set")):
        name = f"ferplus-{split}-000"
        path = root / "EXPR_Classification_Challenge" / folder / f"{name}.txt"
        assert path.read_text().splitlines()[0] == HEADER
        labels = read_annotation(path)
        figures = manifest["splits"][split]
        assert figures["frames"] == len(labels) == 90
        assert figures["labels"]["Neutral"] + figures["labels"]["Happiness"] + figures["labels"]["none"] == 90
        assert figures["labels"]["Happiness"] == (labels == 4).sum()
        with open_video(root / "videos" / f"{name}.mp4") as reader:
            assert sum(1 for _ in reader) == 90
            assert (reader.source.codec, reader.source.fps, reader.source.width) == ("h264", 30, 320)

    assert run(prepare_affwild2, "-video", root / "videos", "-data", root, "-size", 48, "-align", "none", "-jobs", 1) == 0
    # Found where the picture was pasted, in nearly all frames.
    assert run(measure_stand_in, "-data", root, "-every", 8, "-out", tmp_path / "where.csv") == 0
    header, *rows = [line.split(",") for line in (tmp_path / "where.csv").read_text().splitlines()]
    for row in rows:
        figures = dict(zip(header, row, strict=True))
        assert float(figures["found"]) > 0.9
        assert float(figures["distance_p90"]) < 0.15 and 0.8 < float(figures["side_median"]) < 1.25
    for split in ("val", "test"):
        data = load_affwild2(root, split)
        labels = read_annotation(next((root / "EXPR_Classification_Challenge").rglob(f"*-{split}-000.txt")))
        assert len(data) > 0.9 * (labels >= 0).sum() - 30
        assert data.picture(0).shape == (48, 48, 3)


def test_the_same_seed_gives_the_same_bytes(faces, tmp_path):
    for name in ("one", "same"):
        options = ("-clips", 1, "-seconds", 1, "-seed", 4, "-jobs", 1)
        assert run(make_stand_in, "-data", faces, "-out", tmp_path / name, *options) == 0
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == 8
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "same" / path).read_bytes(), path


def test_mistakes_are_one_sentence(faces, tmp_path, capsys):
    for arguments, message in (
        (("-data", faces, "-out", faces), "expected a new folder, found an existing one"),
        (("-data", faces / "gone", "-out", tmp_path / "new"), "no data set at"),
        (("-data", faces, "-out", tmp_path / "new", "-clips", 0), "expected -clips 1 to 1000"),
        (("-data", faces, "-out", tmp_path / "new", "-clips", 50), "expected enough pictures for all clips"),
    ):
        assert run(make_stand_in, *arguments) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "new").exists()
