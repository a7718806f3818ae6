# SPDX-License-Identifier: Apache-2.0
import csv

import pytest

from image_classification.CFC_SP.commands import reproduce_tables
from image_classification.CFC_SP.scoring import scorer
from image_classification.CFC_SP.scoring.scorer import Scorer
from image_classification.CFC_SP.support.command_line import run_script


@pytest.fixture
def tables(affwild2, tmp_path, capsys):
    def call(*words):
        fixed = ["-runs", tmp_path / "runs", "-data", affwild2, "-out", tmp_path / "tables", "-device", "cpu"]
        code = run_script(reproduce_tables, [str(word) for word in (*fixed, *words)])
        return code, capsys.readouterr()

    return call


def test_the_command_writes_the_tables_it_can(tables, trained, tmp_path):
    for stage in ("coarse", "negative"):
        trained(stage, run=f"lite_{stage}", seed=3)
    members = "-members", "swin_s=lite", "repvgg_negative=lite_negative"
    code, shown = tables(*members, "-title", "three small videos")
    assert code == 0 and "table 2, 2: paper 42.74, missing iresnet152_coarse" in shown.out
    with open(tmp_path / "tables" / "tables.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    first = next(row for row in rows if (row["table"], row["row"]) == ("2", "1"))
    assert (first["paper_f1"], first["coarse"], first["negative"], first["seeds"]) == ("43.78", "lite_coarse", "lite_negative", "3 3")
    assert first["f1"] and first["frames"] == "18" and len(first["weights_sha256"].split()) == 2
    page = (tmp_path / "tables" / "tables.md").read_text()
    assert f"| 1 | lite_coarse | lite_negative | 43.78 | {float(first['f1']):.2f} |" in page
    assert "Ours: on three small videos, val, 18 annotated frames" in page and "for want of: hrnet_coarse" in page
    for name in ("table1.png", "table4.png"):
        assert (tmp_path / "tables" / name).read_bytes().startswith(b"\x89PNG")
    again = tables(*members)[1].out
    assert again.count("pictures from the cache") == 2 and " pictures in " not in again


def test_flat_runs_fill_every_stage(tables, trained, tmp_path):
    trained("flat", run="one", seed=5)
    members = [f"{name}=one" for name in ("swin_s_flat", "swin_s_coarse", "repvgg_negative", "repvgg_coarse")]
    code, shown = tables("-members", *members)
    assert code == 0 and shown.out.count("ours") >= 12
    with open(tmp_path / "tables" / "tables.csv", newline="") as file:
        rows = {(row["table"], row["row"]): row for row in csv.DictReader(file)}
    assert rows["2", "1"]["f1"] and rows["3", "repvgg negative"]["f1"] and rows["2", "9"]["missing"]


def test_the_tables_are_computed_under_another_prior(tables, trained, monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr(scorer, "Scorer", lambda *arguments: given.append(arguments) or Scorer(*arguments))
    trained("flat", run="one", seed=5)
    assert tables("-members", "swin_s_flat=one", "-prior_of", "lite")[0] == 0
    assert given[0][-2:] == ([0.3631, 0.0911, 0.0075, 0.0275, 0.2638, 0.1217, 0.1194, 0.0058], 0.8)
    assert "val, 18 annotated frames, the training data's prior ^ 0.8 taken out." in (tmp_path / "tables" / "tables.md").read_text()
    with open(tmp_path / "tables" / "tables.csv", newline="") as file:
        assert {row["prior_tau"] for row in csv.DictReader(file)} == {"0.8"}


@pytest.mark.parametrize(("normalizer", "scope"), [("count", "all"), ("window", "routed")])
def test_the_tables_smooth_as_the_runs_configs_say(tables, trained, monkeypatch, normalizer, scope):
    """The paper's own configs say eq. 1 as printed."""
    made = []
    monkeypatch.setattr(scorer, "Scorer", lambda *arguments: made.append(Scorer(*arguments)) or made[0])
    trained("flat", run="one", seed=5, **{"SP.NORMALIZER": normalizer, "CASCADE.NEGATIVE_SCOPE": scope})
    code, shown = tables("-members", "swin_s_flat=one")
    assert code == 0 and f"SP as one has it: SP.NORMALIZER {normalizer}, CASCADE.NEGATIVE_SCOPE {scope}" in shown.out
    assert (made[0].normalizer, made[0].negative_scope) == (normalizer, scope)


def test_mistakes_are_one_sentence(tables):
    for words, message in (((), "expected runs such as swin_s_flat"), (("-members", "swin_s"), "expected pairs such as")):
        code, shown = tables(*words)
        assert code == 2 and message in shown.err and shown.err.count("\n") == 1
