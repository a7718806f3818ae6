# SPDX-License-Identifier: Apache-2.0
import csv

from image_classification.CFC_SP import evaluate
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.support.command_line import run_script


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
    assert f"bundle {lite} on ferplus val: 24 pictures, as they are, under their own prior, on {engine}\n" in shown and engine.startswith(
        ("onednn", "cpu")
    )
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
