import csv

import numpy as np
import pytest

from image_classification.CFC_SP.scoring.benchmark import time_tables
from image_classification.CFC_SP.scoring.frames import Frames
from image_classification.CFC_SP.scoring.scorer import Scorer
from image_classification.CFC_SP.scoring.tables import NEEDS_LABELS, NEEDS_VIDEO, compute, plan, runs_of
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from tools import reproduce_tables


def test_the_plan_is_the_papers():
    lines = plan({})
    assert [sum(line.table == table for line in lines) for table in (1, 2, 3, 4)] == [7, 10, 8, 6]
    rows = {line.name: line for line in lines if line.table == 2}
    assert rows["9"].runs == {"coarse": ("swin_s_coarse", "iresnet152_coarse", "hrnet_coarse"), "negative": ("repvgg_negative",)}
    assert rows["7"].runs["negative"] == ("swin_s_negative", "repvgg_negative") and rows["7"].paper == 43.17
    assert {line.window for line in rows.values()} == {256}
    assert {line.name: line.paper for line in lines if line.table == 4}["256"] == rows["1"].paper == 43.78
    assert {line.name: line.paper for line in lines if line.table == 3}["repvgg negative"] == 49.82
    assert len(runs_of(lines)) == 9


def test_other_runs_fill_the_same_lines():
    lines = plan({"swin_s": "lite_swin", "swin_s_flat": "lite_repvgg_flat"})
    assert next(line for line in lines if line.table == 2).runs["coarse"] == ("lite_swin_coarse",)
    assert next(line for line in lines if line.name == "baseline").runs["flat"] == ("lite_repvgg_flat",)
    with pytest.raises(UserError, match="-members: expected names of runs .*swin_s_coarse.*, found 'swin'"):
        plan({"swin": "lite_swin"})


def test_lines_are_computed_where_their_runs_are(random_frames):
    lines = plan({})
    names = [name for name in runs_of(lines) if name != "hrnet_coarse"]
    frames, logits = random_frames(50, 30, networks={name: runs_of(lines)[name] for name in names})
    scorer = Scorer(frames, logits)
    done = {(line.table, line.name): line for line in compute(lines, scorer, set(names))}
    assert done[2, "3"].missing == ("hrnet_coarse",) and done[2, "3"].f1 is None
    assert done[1, "official baseline"].missing == () and done[1, "official baseline"].f1 is None
    expected = scorer.score(scorer.predict_cascade(["swin_s_coarse", "iresnet152_coarse"], ["swin_s_negative", "repvgg_negative"], 256))
    assert done[2, "7"].f1 == pytest.approx(100 * expected.macro_f1)
    assert done[4, "0"].f1 == done[1, "baseline + C-F"].f1 != done[4, "256"].f1 == done[2, "1"].f1


def test_stills_know_no_windows(random_frames):
    lines = plan({})
    frames, logits = random_frames(50, networks=runs_of(lines))
    stills = Frames(frames.source, frames.picture, frames.classes, (), frames.bounds)
    done = {(line.table, line.name): line for line in compute(lines, Scorer(stills, logits), set(logits))}
    assert done[2, "1"].f1 == done[4, "0"].f1 and done[2, "1"].window == 0
    assert done[4, "32"].missing == (NEEDS_VIDEO,) == done[1, "baseline + SP"].missing


def test_a_stage_without_a_label_costs_its_lines_alone(random_frames):
    lines = plan({})
    frames, logits = random_frames(50, networks=runs_of(lines))
    happy = Frames(frames.source, frames.picture, np.full(50, 4), frames.videos, frames.bounds)
    done = {(line.table, line.name): line for line in compute(lines, Scorer(happy, logits), set(logits))}
    assert done[3, "hrnet negative"].missing == (NEEDS_LABELS,) and done[3, "hrnet coarse"].f1 is not None


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


def test_mistakes_are_one_sentence(tables):
    for words, message in (((), "expected runs such as swin_s_flat"), (("-members", "swin_s"), "expected pairs such as")):
        code, shown = tables(*words)
        assert code == 2 and message in shown.err and shown.err.count("\n") == 1


@pytest.mark.slow
def test_tables_from_cached_logits_are_quick():
    """A seventh of Aff-Wild2, whose own budget is 60 s and 4 GB."""
    found = time_tables(frames=400_000, videos=80)
    assert found["total_s"] < 60 / 7 * 2 and found["peak_mb"] < 4096
