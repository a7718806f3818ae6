import csv

import numpy as np
import pytest

from image_classification.CFC_SP import evaluate
from image_classification.CFC_SP.core.labels import COARSE, EXPR, NEGATIVE
from image_classification.CFC_SP.core.reference import decide_by_loop
from image_classification.CFC_SP.data.ferplus import load_ferplus
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.scoring.bundle_scores import evaluate_bundle
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from tests.bundles import temperatures_of


@pytest.mark.parametrize("flip", [False, True])
def test_scores_are_those_of_the_cascade_picture_by_picture(lite, ferplus, flip):
    every = evaluate_bundle(lite, ferplus, split="test", flip=flip, device="cpu").scores
    scores = every["cascade"]
    bundle, data = open_bundle(lite), load_ferplus(ferplus, "test")
    frame, temperatures = PaddleProgram(bundle, "frame"), temperatures_of(bundle.manifest)
    confusion = np.zeros((len(EXPR), len(EXPR)), int)
    for index in range(len(data)):
        views = [data.picture(index)[None], data.picture(index)[None, :, ::-1]][: 1 + flip]
        coarse, negative = (np.mean(logits, axis=0) for logits in zip(*map(frame, views), strict=True))
        labels, _, _ = decide_by_loop(coarse, negative, [True], 0, *temperatures, "count", "routed")
        confusion[data.classes[index], labels[0]] += 1
    np.testing.assert_array_equal(scores.confusion, confusion)
    merge = np.eye(5, dtype=int)[[COARSE.index(name) if name in COARSE else 4 for name in EXPR]]
    np.testing.assert_array_equal(every["coarse"].confusion, merge.T @ confusion @ merge)
    assert every["negative"].confusion.sum() == confusion[[EXPR.index(name) for name in NEGATIVE]].sum()
    assert 0 <= scores.ece <= 1
    assert scores.accuracy == pytest.approx(np.trace(confusion) / confusion.sum())


def test_figures_are_appended_with_their_origin(lite, ferplus, tmp_path, capsys):
    words = ["-bundle", str(lite), "-data", str(ferplus), "-split", "val", "-device", "cpu", "-out", str(tmp_path)]
    for flip in ([], ["-flip"]):
        assert run_script(evaluate, [*words, *flip]) == 0
    with open(tmp_path / "evaluate.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (3 * 3 + 3 * (8 + 5 + 4)) and {row["pictures"] for row in rows} == {"24"}
    assert [row["flip"] for row in rows] == ["False"] * (len(rows) // 2) + ["True"] * (len(rows) // 2)
    assert {row["bundle_sha256"] for row in rows} == {open_bundle(lite).sha256}
    shown = capsys.readouterr().out
    engine = rows[0]["engine"]
    assert f"bundle {lite} on ferplus val: 24 pictures, as they are, on {engine}\n" in shown and engine.startswith(("onednn", "cpu"))
    assert f"cascade: accuracy {float(rows[0]['value']):.2%}" in shown
    with open(tmp_path / "confusion-lite-ferplus-val.csv", newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["true", *EXPR] and [row[0] for row in table[1:]] == list(EXPR)
    assert sum(int(count) for row in table[1:] for count in row[1:]) == 24
    for name in ("confusion-lite-ferplus-val", "confusion-lite-ferplus-val-flip"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_of_other_columns_stays_as_it_is(lite, ferplus, tmp_path, capsys):
    (tmp_path / "evaluate.csv").write_text("bundle,metric\n", encoding="utf-8")
    assert run_script(evaluate, ["-bundle", str(lite), "-data", str(ferplus), "-out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "evaluate.csv: expected the columns bundle,bundle_sha256," in said.err and "cascade: accuracy" in said.out
    assert (tmp_path / "evaluate.csv").read_text(encoding="utf-8") == "bundle,metric\n"


def test_an_unknown_data_set_is_told(lite, ferplus):
    with pytest.raises(UserError, match="expected one of .*ferplus.*, found 'faces'"):
        evaluate_bundle(lite, ferplus, dataset="faces")
