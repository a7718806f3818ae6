import csv

from image_classification.CFC_SP.entry import run_script
from tools import choose_engine


def test_rows_of_a_bundle_and_of_a_config_are_appended(tmp_path, capsys):
    words = ["-batch", "1", "-runs", "1", "-out", str(tmp_path / "results")]
    assert run_script(choose_engine, ["-bundle", "lite", *words]) == 0
    assert run_script(choose_engine, ["-cfg", "configs/lite_repvgg_negative.yaml", *words]) == 0
    with open(tmp_path / "results" / "engines.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {(row["network"], row["weights"]) for row in rows}
    assert known == {("frame", "lite"), ("lite_repvgg_negative", "random")}
    assert {"cpu", "onednn"} <= {row["engine"] for row in rows} and all(row["git_sha"] for row in rows)
    assert capsys.readouterr().out.count("the fastest that computes the same is") == 2


def test_something_must_be_measured(capsys):
    assert run_script(choose_engine, []) == 2
    assert "expected -bundle or -cfg" in capsys.readouterr().err
