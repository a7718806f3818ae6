# SPDX-License-Identifier: Apache-2.0
"""evaluate.py on checkpoints, as a person calls it."""

import csv

import pytest

from image_classification.CFC_SP import evaluate
from image_classification.CFC_SP.data.affwild2 import read_annotation
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.files import sha256_of


@pytest.fixture
def call(affwild2, capsys):
    def run(*words):
        code = run_script(evaluate, ["-data", str(affwild2), "-dataset", "affwild2", "-device", "cpu", *map(str, words)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_an_ensemble_on_videos(call, trained, tmp_path):
    paths = ["-coarse", trained("coarse", 0), trained("coarse", 1), "-negative", trained("negative")]
    written = "-out", tmp_path / "out", "-cache", tmp_path / "cache", "-submission", tmp_path / "files"
    code, shown, _ = call(*paths, *written)
    assert code == 0 and shown.count("11 pictures in") == 3
    for stage in ("cascade", "coarse", "negative"):
        assert f"\n{stage}: accuracy" in shown
    with open(tmp_path / "out" / "checkpoints.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["frames"], row["pictures"], row["window"], row["split"]) for row in rows} == {("18", "11", "256", "val")}
    assert rows[0]["weights_sha256"].split() == [sha256_of(path) for path in (*paths[1:3], paths[4])]
    assert (rows[0]["networks"], rows[0]["seeds"], rows[0]["metric"]) == ("coarse0+coarse1+negative0", "0 1 0", "accuracy")
    assert len(rows) == 3 * 3 + 3 * (8 + 5 + 4)
    assert len(list((tmp_path / "out").glob("confusion-*-w256.png"))) == 1
    assert len(read_annotation(tmp_path / "files" / "a.txt")) == 12
    again = call(*paths, *written)
    assert again[0] == 0 and again[1].count("11 pictures from the cache") == 3
    assert again[1].split("cascade:")[1] == shown.split("cascade:")[1]


@pytest.mark.parametrize(("stage", "classes", "of"), [("coarse", 5, 18), ("negative", 4, 10), ("flat", 8, 18)])
def test_a_stage_alone(call, trained, stage, classes, of):
    code, shown, _ = call(f"-{stage}", trained(stage), "-window", 0)
    assert code == 0 and f"over {classes} classes" in shown
    assert sum(int(line.split()[4]) for line in shown.splitlines() if line.startswith("  ") and "prec." not in line) == of


def test_mistakes_are_one_sentence(call, trained, tmp_path):
    coarse = trained("coarse")
    for words, message in (
        (("-negative", coarse), "expected a checkpoint of the negative or flat stage, found one of the coarse stage"),
        (("-coarse", coarse, "-bundle", "lite"), "expected a bundle or checkpoints, found both"),
        (("-coarse", tmp_path / "none.safetensors"), "no checkpoint at"),
        (("-coarse", coarse, "-submission", tmp_path / "files"), "-submission: expected a coarse and a negative network"),
        (("-coarse", coarse, "-window", -1), "expected a window of 0 or more"),
        (("-coarse", coarse, "-split", "test"), "Test_Set"),
        (("-cache", tmp_path), "go with checkpoints"),
    ):
        code, _, told = call(*words)
        assert code == 2 and told.startswith("error: ") and told.count("\n") == 1 and message in told
    assert not (tmp_path / "files").exists()


def test_a_test_set_is_predicted_and_not_scored(call, trained, affwild2, tmp_path):
    annotations = affwild2 / "EXPR_Classification_Challenge"
    (annotations / "Validation_Set").rename(annotations / "Test_Set")
    for path in (annotations / "Test_Set").iterdir():
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], *["-1"] * (len(lines) - 1)]) + "\n")
    code, shown, _ = call("-flat", trained("flat"), "-split", "test", "-submission", tmp_path / "files", "-out", tmp_path / "out")
    assert code == 0 and "predicted, not scored" in shown and not (tmp_path / "out").exists()
    assert read_annotation(tmp_path / "files" / "b_left.txt").min() >= 0
