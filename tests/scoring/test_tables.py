# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.scoring.frames import Frames
from image_classification.CFC_SP.scoring.scorer import Scorer
from image_classification.CFC_SP.scoring.tables import NEEDS_LABELS, NEEDS_VIDEO, compute, plan, runs_of
from image_classification.CFC_SP.support.errors import UserError


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
    with pytest.raises(UserError, match="-members: expected names of runs, .*swin_s_coarse.*, found 'swin'"):
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
