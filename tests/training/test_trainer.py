# SPDX-License-Identifier: Apache-2.0
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import image_classification.CFC_SP
from image_classification.CFC_SP.config import parse_config
from image_classification.CFC_SP.data.datasets import load_split
from image_classification.CFC_SP.data.samplers import epoch_order, repeat_factors
from image_classification.CFC_SP.support.csv_files import read_records
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.process_group import Group
from image_classification.CFC_SP.training import trainer
from image_classification.CFC_SP.training.compiled import compile_network
from image_classification.CFC_SP.training.run_folder import COLUMNS
from image_classification.CFC_SP.training.steps import EagerStep
from image_classification.CFC_SP.training.trainer import train
from image_classification.CFC_SP.training.validation import validate
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, load_pretrained
from image_classification.CFC_SP.weights.model import build_model
from tests.events import LIMIT_S
from tests.training_fixtures import EAGER, STATIC, STEPS_AN_EPOCH

SCRIPT = Path(image_classification.CFC_SP.__file__).parent / "main_single_gpu.py"


@pytest.mark.usefixtures("tiny_network")
def test_a_run_leaves_what_it_promises(run_config, tmp_path):
    config = run_config(STATIC | {"TRAIN.BASE_LR": 0.1, "TRAIN.EPOCHS": 6, "MODEL.DROPOUT": 0.1})
    run = train(config, "cpu")
    assert run == tmp_path / "out" / "small"
    assert {p.name for p in run.iterdir()} == {"last.safetensors", "best.safetensors", "metrics.csv", "curves.png", "config.yaml", ".lock"}
    assert parse_config((run / "config.yaml").read_text(encoding="utf-8")) == config
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")

    rows = read_records(run / "metrics.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [(int(row["epoch"]), int(row["steps"])) for row in rows] == [(e, STEPS_AN_EPOCH * e) for e in range(1, 7)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])

    _, note = load_checkpoint(run / "best.safetensors")
    assert note["classes"] == ["Neutral", "Happiness", "Surprise", "Other", "Negative"]
    assert parse_config(note["config"]) == config
    best = max(rows, key=lambda row: float(row["val_macro_f1"]))
    assert note["validation"]["epoch"] == int(best["epoch"])
    model = build_model(config)
    load_pretrained(model, run / "best.safetensors")
    scores = validate(compile_network(model, "cpu"), load_split(config, "val"), 16)
    assert round(scores.macro_f1, 5) == note["validation"]["val_macro_f1"] == float(best["val_macro_f1"])
    assert round(scores.accuracy, 5) == note["validation"]["val_accuracy"]
    # Half of the pictures are Negative: 0.5 could be had by guessing.
    assert scores.accuracy > 0.7


def own_weights(run):
    arrays, _ = load_checkpoint(run / "last.safetensors")
    return {name: value for name, value in arrays.items() if not name.startswith(("ema.", "optimizer."))}


@pytest.mark.parametrize("form", [STATIC, EAGER], ids=["static", "eager"])
@pytest.mark.usefixtures("quick_epochs")
def test_averaging_and_validation_have_no_part_in_training(run_config, form):
    """The weights that are trained on are the same whether or not their average is kept and validated."""
    averaged, plain = (
        own_weights(train(run_config(form | {"NAME": f"ema{decay}", "TRAIN.EMA_DECAY": decay}), "cpu")) for decay in (0.9, 0.0)
    )
    for name, value in averaged.items():
        np.testing.assert_array_equal(plain[name], value, err_msg=name)


@pytest.mark.usefixtures("quick_epochs")
def test_pretrained_weights_are_where_training_starts(run_config, capsys):
    coarse = train(run_config({"NAME": "coarse", "TRAIN.EPOCHS": 1}), "cpu") / "best.safetensors"
    changes = {"NAME": "negative", "STAGE": "negative", "MODEL.PRETRAINED": coarse, "TRAIN.EPOCHS": 1, "TRAIN.BASE_LR": 1e-12}
    capsys.readouterr()
    run = train(run_config(changes | {"TRAIN.MIN_LR": 0}), "cpu")
    assert "2 classifier for other classes" in capsys.readouterr().out
    theirs, ours = load_checkpoint(coarse)[0], own_weights(run)
    name = "backbone.stages.1.0.conv_kxk.conv.weight"
    np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6)
    assert ours["backbone.head.weight"].shape[1] == 4


@pytest.mark.parametrize(("elapsed", "done", "left", "said"), [(60, 10, 20, "  (2 min to go)"), (60, 10, 4, ""), (9000, 100, 0, "")])
def test_the_time_to_go_is_that_of_the_steps_so_far(elapsed, done, left, said):
    assert trainer.time_to_go(elapsed, done, left) == said


@pytest.mark.usefixtures("quick_epochs")
def test_bad_input_is_one_sentence(run_config, tmp_path):
    with pytest.raises(UserError, match=r"TRAIN\.BATCH_SIZE 4096 is more than the 112 training pictures"):
        train(run_config({"TRAIN.BATCH_SIZE": 4096}), "cpu")
    with pytest.raises(UserError, match="no data set at .*nowhere"):
        train(run_config({"DATA.ROOT": tmp_path / "nowhere", "NAME": "other"}), "cpu")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="-out: expected a folder, found a file at .*file: .*choose another -out"):
        train(run_config({"OUTPUT": tmp_path / "file"}), "cpu")
    with pytest.raises(UserError, match="no checkpoint at .*trunk"):
        train(run_config({"MODEL.PRETRAINED": tmp_path / "trunk.safetensors", "NAME": "third"}), "cpu")
    with pytest.raises(UserError, match=r"the loss became \S+ at step \d; lower TRAIN\.BASE_LR, or look at fer\d+\.png, fer"):
        train(run_config({"TRAIN.BASE_LR": 1e30, "TRAIN.WARMUP_EPOCHS": 0, "NAME": "fourth"}), "cpu")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="TRAIN.BATCH_SIZE 16: expected a multiple of 3 processes x TRAIN.ACCUMULATE 1"):
        train(run_config(), "cpu", group=Group(0, 3))


@pytest.mark.usefixtures("quick_epochs")
def test_a_run_that_fails_on_its_data_leaves_what_was_there_before(run_config, tmp_path):
    (tmp_path / "out" / "mine").mkdir(parents=True)
    (tmp_path / "out" / "mine" / "notes.txt").touch()
    for name in ("mine", "other"):
        with pytest.raises(UserError, match="no data set at"):
            train(run_config({"DATA.ROOT": tmp_path / "nowhere", "NAME": name}), "cpu")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    assert (tmp_path / "out" / "mine" / "notes.txt").is_file()


@pytest.mark.usefixtures("quick_epochs")
def test_a_step_that_memory_does_not_hold_names_the_keys_to_change(run_config, monkeypatch):
    def fail(self, crops, targets):
        raise MemoryError("(ResourceExhausted) Out of memory error on GPU 0.")

    monkeypatch.setattr(EagerStep, "__call__", fail)
    with pytest.raises(UserError, match="is too small for a step of 16 pictures in 1 parts: raise TRAIN.ACCUMULATE, .* or lower TRAIN"):
        train(run_config(), "cpu")


@pytest.mark.usefixtures("quick_epochs")
def test_what_a_gpu_or_the_paper_would_have_otherwise_is_said(run_config, monkeypatch, capsys):
    monkeypatch.setitem(trainer.PAPER_STARTS, "repvgg_lite", "RepVGG_B1, which someone links")
    train(run_config({"TRAIN.EPOCHS": 1, "TRAIN.AMP": "float16"}), "cpu")
    said = capsys.readouterr().out
    assert "warning: TRAIN.AMP float16 is for GPUs: on this CPU the network computes in float32" in said
    start = "MS-Celeb-1M: RepVGG_B1, which someone links"
    assert f"warning: MODEL.PRETRAINED is empty, so repvgg_lite begins with random weights; .*{start}"[:70] in said and start in said


@pytest.mark.parametrize(("loss", "stops"), [(math.nan, True), (math.inf, True), (17_000.0, True), (15_000.0, False)])
@pytest.mark.usefixtures("quick_epochs")
def test_a_loss_that_explodes_names_its_pictures(run_config, monkeypatch, loss, stops):
    """Ten thousand times the loss of a guess among five classes, log 5, is 16,094."""
    losses = iter([1.0, loss] + 5 * [1.0])
    monkeypatch.setattr(EagerStep, "__call__", lambda self, crops, targets: next(losses))
    config = run_config({"TRAIN.EPOCHS": 1})
    if not stops:
        train(config, "cpu")
        return
    with pytest.raises(UserError, match="at step 1; lower") as error:
        train(config, "cpu")
    data = load_split(config, "train")
    order = epoch_order(repeat_factors(data.labels, config.DATA.REPEAT_THRESHOLD), config.SEED, 0)
    assert str(error.value).endswith("look at " + ", ".join(data.name(i) for i in order[16:32]))


@pytest.mark.usefixtures("quick_epochs")
def test_a_class_missing_from_validation_is_said(run_config, ferplus, tmp_path, capsys):
    few = shutil.copytree(ferplus, tmp_path / "few")
    lines = (few / "fer2013new.csv").read_text().splitlines()
    # Surprise is the third of the ten votes.
    kept = [line for line in lines if not (line.startswith("PublicTest") and line.split(",")[4] == "8")]
    (few / "fer2013new.csv").write_text("\n".join(kept) + "\n")
    run = train(run_config({"TRAIN.EPOCHS": 1, "DATA.ROOT": few}), "cpu")
    assert "warning: validation has no picture of Surprise: its F1 counts 0" in capsys.readouterr().out
    assert float(read_records(run / "metrics.csv")[0]["val_macro_f1"]) <= 0.8


def test_entry_script_ends_with_one_sentence_and_code_2(tmp_path):
    command = [sys.executable, str(SCRIPT), "--cfg", "configs/lite/lite_repvgg_coarse.yaml", "-opts", "TRAIN.EPOCH", "3"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=LIMIT_S)
    assert found.returncode == 2
    assert found.stderr == "error: -opts: unknown config key TRAIN.EPOCH; did you mean TRAIN.EPOCHS?\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick_epochs")
def test_the_best_epochs_are_kept_in_order(run_config):
    run = train(run_config({"TRAIN.KEEP": 2, "TRAIN.EPOCHS": 5, "TRAIN.BASE_LR": 0.1}), "cpu")
    assert {p.name for p in run.glob("best*")} == {"best.safetensors", "best-2.safetensors"}
    kept = [load_checkpoint(run / name)[1]["validation"]["val_macro_f1"] for name in ("best.safetensors", "best-2.safetensors")]
    assert kept == sorted((float(row["val_macro_f1"]) for row in read_records(run / "metrics.csv")), reverse=True)[:2]


@pytest.mark.usefixtures("quick_epochs")
def test_patience_ends_a_run_that_does_not_improve(run_config):
    """With a rate this small validation stays as it is from the first epoch on."""
    run = train(run_config({"TRAIN.PATIENCE": 2, "TRAIN.EPOCHS": 9, "TRAIN.BASE_LR": 1e-12, "TRAIN.EMA_DECAY": 0.0}), "cpu")
    rows = read_records(run / "metrics.csv")
    assert len(rows) < 9
    scores = [float(row["val_macro_f1"]) for row in rows]
    assert max(scores[-2:]) <= max(scores[:-2])


@pytest.mark.usefixtures("quick_epochs")
def test_a_batch_of_one_and_the_largest_seed(run_config):
    run = train(run_config({"TRAIN.BATCH_SIZE": 1, "TRAIN.EPOCHS": 1, "TRAIN.WARMUP_EPOCHS": 0, "SEED": 2**63 - 1, "AUG.BLUR": 0}), "cpu")
    (row,) = read_records(run / "metrics.csv")
    assert math.isfinite(float(row["loss"])) and int(row["steps"]) == 112
