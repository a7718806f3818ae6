# SPDX-License-Identifier: Apache-2.0
import csv
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import image_classification.CFC_SP
from image_classification.CFC_SP.config import load_config, parse_config
from image_classification.CFC_SP.data.datasets import load_split
from image_classification.CFC_SP.data.samplers import epoch_order, repeat_factors
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.process_group import Group
from image_classification.CFC_SP.training import trainer
from image_classification.CFC_SP.training.compiled import compile_network
from image_classification.CFC_SP.training.run_folder import COLUMNS
from image_classification.CFC_SP.training.steps import EagerStep
from image_classification.CFC_SP.training.trainer import train
from image_classification.CFC_SP.training.validation import validate
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, load_pretrained, save_checkpoint
from image_classification.CFC_SP.weights.model import build_model
from tests.events import LIMIT_S, wait_until
from tests.training_fixtures import EAGER

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(image_classification.CFC_SP.__file__).parent / "main_single_gpu.py"
# 112 pictures in which Negative is half and no class is rare: 7 steps an epoch.
STEPS = 7
STATIC = {"TRAIN.GRAD_CLIP": 0.0}


@pytest.fixture
def run_config(small_config, ferplus, tmp_path):
    def build(changes=None):
        base = {"DATA.ROOT": ferplus, "OUTPUT": tmp_path / "out", "TRAIN.EPOCHS": 2, "TRAIN.EMA_DECAY": 0.9}
        return small_config(base | EAGER | (changes or {}))

    return build


def read_rows(run):
    with open(run / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("tiny_network")
def test_a_run_leaves_what_it_promises(run_config, tmp_path):
    config = run_config(STATIC | {"TRAIN.BASE_LR": 0.1, "TRAIN.EPOCHS": 6, "MODEL.DROPOUT": 0.1})
    run = train(config, "cpu")
    assert run == tmp_path / "out" / "small"
    assert {p.name for p in run.iterdir()} == {"last.safetensors", "best.safetensors", "metrics.csv", "curves.png", "config.yaml", ".lock"}
    assert parse_config((run / "config.yaml").read_text(encoding="utf-8")) == config
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")

    rows = read_rows(run)
    assert tuple(rows[0]) == COLUMNS
    assert [(int(row["epoch"]), int(row["steps"])) for row in rows] == [(e, STEPS * e) for e in range(1, 7)]
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


class Stopped(Exception):
    pass


@pytest.mark.parametrize("form", [STATIC, {"TRAIN.GRAD_CLIP": 5.0}], ids=["static", "eager"])
@pytest.mark.usefixtures("quick_epochs")
def test_resumed_run_equals_uninterrupted_one(run_config, monkeypatch, form):
    """Stopped after a step beyond the last checkpoint, and where an epoch begins; dropout and averaging are on."""

    def config(name):
        return run_config(form | {"NAME": name, "TRAIN.SAVE_EVERY": 2, "MODEL.DROPOUT": 0.3})

    def stopping(ema, weights, update=trainer.Ema.update):
        update(ema, weights)
        if ema.steps == last:
            raise Stopped

    expected = train(config("whole"), "cpu")
    for last in (5, STEPS + 1):
        with monkeypatch.context() as patched:
            patched.setattr(trainer.Ema, "update", stopping)
            with pytest.raises(Stopped):
                train(config(f"stopped{last}"), "cpu")
        assert_same(train(config(f"stopped{last}"), "cpu", resume=True), expected)


@pytest.mark.usefixtures("quick_epochs")
def test_ctrl_c_keeps_what_was_trained(run_config, monkeypatch, capsys):
    """After the first step, within an epoch far from the next checkpoint, and in the epoch's last step."""

    def config(name):
        return run_config({"NAME": name, "TRAIN.SAVE_EVERY": 100, "MODEL.DROPOUT": 0.3, "TRAIN.EPOCHS": 2})

    def interrupted(ema, weights, update=trainer.Ema.update):
        update(ema, weights)
        if ema.steps == last:
            os.kill(os.getpid(), signal.SIGINT)

    expected = train(config("whole"), "cpu")
    for last in (1, 3, STEPS):
        # Ctrl-C is ignored in the background of a shell, and by what is started there.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with monkeypatch.context() as patched:
                patched.setattr(trainer.Ema, "update", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    train(config(f"stopped{last}"), "cpu")
        finally:
            signal.signal(signal.SIGINT, before)
        assert f"ended at step {last} of {2 * STEPS}: -resume goes on from there" in capsys.readouterr().out
        assert_same(train(config(f"stopped{last}"), "cpu", resume=True), expected)


@pytest.mark.usefixtures("quick_epochs")
def test_a_run_killed_before_its_first_checkpoint_begins_anew(run_config, monkeypatch):
    def stopping(ema, weights):
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(trainer.Ema, "update", stopping)
        with pytest.raises(Stopped):
            train(run_config({"NAME": "stopped", "TRAIN.EPOCHS": 1}), "cpu")
    expected = train(run_config({"NAME": "whole", "TRAIN.EPOCHS": 1}), "cpu")
    assert_same(train(run_config({"NAME": "stopped", "TRAIN.EPOCHS": 1}), "cpu", resume=True), expected)


@pytest.mark.usefixtures("quick_epochs")
def test_a_run_without_its_checkpoint_is_not_begun_anew(run_config):
    run = train(run_config({"TRAIN.EPOCHS": 2}), "cpu")
    checkpoint = (run / "last.safetensors").read_bytes()
    (run / "last.safetensors").unlink()
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(UserError, match=r"expected last\.safetensors in .*, found a run of 2 epochs without it: choose another -out"):
        train(run_config({"TRAIN.EPOCHS": 2}), "cpu", resume=True)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before

    for path in run.iterdir():
        path.unlink()
    (run / "last.safetensors").write_bytes(checkpoint)
    assert train(run_config({"TRAIN.EPOCHS": 2}), "cpu", resume=True) == run


@pytest.mark.parametrize(("elapsed", "done", "left", "said"), [(60, 10, 20, "  (2 min to go)"), (60, 10, 4, ""), (9000, 100, 0, "")])
def test_the_time_to_go_is_that_of_the_steps_so_far(elapsed, done, left, said):
    assert trainer.time_to_go(elapsed, done, left) == said


def assert_same(run, expected, names=("last", "best")):
    for name in names:
        ours, theirs = (load_checkpoint(folder / f"{name}.safetensors")[0] for folder in (run, expected))
        assert list(ours) == list(theirs)
        for tensor, value in theirs.items():
            np.testing.assert_array_equal(ours[tensor], value, err_msg=tensor)
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in read_rows(r)] for r in (run, expected)]
    assert timeless[0] == timeless[1]


# cfc-sp train with the words of a list, which waits for ever in the midst of the third checkpoint that it writes, and says so.
STUCK = """
import os, signal, sys
from image_classification.CFC_SP import cli

def replace(part, path, replace=os.replace):
    written.append(path) if path.name == "last.safetensors" else None
    if len(written) == 3:
        print("stuck", flush=True)
        signal.pause()
    replace(part, path)

written, os.replace = [], replace
cli.main(["train", *{words!r}])
"""


def test_killed_run_leaves_whole_files_and_resumes(ferplus, tmp_path):
    """SIGKILL while a checkpoint is being written, by the command and with the real network."""
    (tmp_path / "small.yaml").write_text("STAGE: coarse\n", encoding="utf-8")

    def words(name):
        changes = "MODEL.NAME repvgg_lite DATA.CROP_SIZE 16 MODEL.INPUT_SIZE 16 TRAIN.BATCH_SIZE 16 TRAIN.EPOCHS 2 TRAIN.SAVE_EVERY 2"
        changes += f" TRAIN.WARMUP_EPOCHS 1 TRAIN.GRAD_CLIP 1e6 NAME {name} DATA.ROOT {ferplus}"
        return ["-cfg", "small.yaml", "-out", "out", "-device", "cpu", "-opts", *changes.split()]

    stuck = [sys.executable, "-c", STUCK.format(words=words("killed"))]
    with subprocess.Popen(stuck, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert "stuck\n" in process.stdout
        process.kill()
    assert process.returncode == -signal.SIGKILL

    run = tmp_path / "out" / "killed"
    assert list(run.glob(".part-*-last.safetensors"))
    _, note = load_checkpoint(run / "last.safetensors")
    assert note["progress"]["step"] == 4
    assert parse_config((run / "config.yaml").read_text(encoding="utf-8")).NAME == "killed"

    # In processes of their own too: how the libraries of a process add up depends on what it did before.
    for more in (["-resume", *words("killed")], words("whole")):
        command = [sys.executable, "-m", "image_classification.CFC_SP.cli", "train", *more]
        subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True)
    assert not list(run.glob(".part-*"))
    assert_same(run, tmp_path / "out" / "whole")


def environment():
    """That of this process, with the project where Python looks for it."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_five_kills_at_random_moments_change_nothing(ferplus, tmp_path):
    """Each time the run is killed up to two seconds after it wrote its next checkpoint, in the midst of whatever it does then."""
    (tmp_path / "small.yaml").write_text("STAGE: coarse\n", encoding="utf-8")
    changes = "DATA.CROP_SIZE 16 MODEL.INPUT_SIZE 16 MODEL.DROPOUT 0.3 TRAIN.BATCH_SIZE 16 TRAIN.EPOCHS 20 TRAIN.SAVE_EVERY 3 TRAIN.KEEP 3"

    def command(name, *more):
        script = [sys.executable, str(SCRIPT), "-cfg", "small.yaml", "-out", "out", "-device", "cpu", *more]
        return [*script, "-opts", *changes.split(), "DATA.ROOT", str(ferplus), "NAME", name]

    moments, last = random.Random(0), tmp_path / "out" / "killed" / "last.safetensors"
    for _ in range(5):
        resume = ["-resume"] * last.exists()
        before = resume and last.stat().st_mtime_ns
        process = subprocess.Popen(command("killed", *resume), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: last.exists() and last.stat().st_mtime_ns != before, process)  # noqa: B023
        time.sleep(moments.uniform(0, 2))
        process.kill()
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command("killed", "-resume"), cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(command("whole"), cwd=tmp_path, check=True, capture_output=True)
    assert_same(last.parent, tmp_path / "out" / "whole", ("last", "best", "best-2", "best-3"))


@pytest.mark.usefixtures("quick_epochs")
def test_existing_runs_are_safe(run_config, tmp_path):
    config = run_config({"TRAIN.EPOCHS": 1})
    with pytest.raises(UserError, match="-resume needs a run in .*, which holds none: start without -resume"):
        train(config, "cpu", resume=True)
    run = train(config, "cpu")
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    with pytest.raises(UserError, match="holds a run already: go on with -resume"):
        train(config, "cpu")
    with pytest.raises(UserError) as error:
        train(run_config({"TRAIN.EPOCHS": 1, "TRAIN.BASE_LR": 0.125}), "cpu", resume=True)
    message = str(error.value)
    assert "another config (TRAIN.BASE_LR: 0.003 in the run, 0.125 here)" in message
    assert str(run / "config.yaml") in message
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before

    (run / "last.safetensors").write_bytes(before["last.safetensors"][:1000])
    with pytest.raises(UserError, match=r"last\.safetensors: expected a whole"):
        train(config, "cpu", resume=True)


@pytest.mark.usefixtures("quick_epochs")
def test_resuming_with_the_run_s_own_config(run_config):
    run = train(run_config({"TRAIN.EPOCHS": 1}), "cpu")
    before = (run / "last.safetensors").read_bytes()
    assert train(load_config(run / "config.yaml"), "cpu", resume=True) == run
    assert (run / "last.safetensors").read_bytes() == before


@pytest.mark.usefixtures("quick_epochs")
def test_a_finished_run_can_be_given_more_epochs(run_config, capsys):
    run = train(run_config({"TRAIN.EPOCHS": 1}), "cpu")
    assert train(run_config({"TRAIN.EPOCHS": 2}), "cpu", resume=True) == run
    assert "TRAIN.EPOCHS 1 -> 2" in capsys.readouterr().out
    with open(run / "metrics.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    # It is resumed with its own config, now of two epochs, and not with less.
    assert train(load_config(run / "config.yaml"), "cpu", resume=True) == run
    with pytest.raises(UserError, match=r"TRAIN\.EPOCHS: 2 in the run, 1 here"):
        train(run_config({"TRAIN.EPOCHS": 1}), "cpu", resume=True)


@pytest.mark.usefixtures("quick_epochs")
def test_bad_input_is_one_sentence(run_config, tmp_path):
    with pytest.raises(UserError, match=r"TRAIN\.BATCH_SIZE 4096 is more than the 112 training pictures"):
        train(run_config({"TRAIN.BATCH_SIZE": 4096}), "cpu")
    with pytest.raises(UserError, match="no data set at .*nowhere"):
        train(run_config({"DATA.ROOT": tmp_path / "nowhere", "NAME": "other"}), "cpu")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to the output folder .*file.*choose another -out"):
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
    with pytest.raises(UserError, match="does not hold a step of 16 pictures in 1 parts: raise TRAIN.ACCUMULATE, .* or lower TRAIN.BATCH"):
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
    assert float(read_rows(run)[0]["val_macro_f1"]) <= 0.8


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
    assert kept == sorted((float(row["val_macro_f1"]) for row in read_rows(run)), reverse=True)[:2]


@pytest.mark.usefixtures("quick_epochs")
def test_patience_ends_a_run_that_does_not_improve(run_config):
    """With a rate this small validation stays as it is from the first epoch on."""
    run = train(run_config({"TRAIN.PATIENCE": 2, "TRAIN.EPOCHS": 9, "TRAIN.BASE_LR": 1e-12, "TRAIN.EMA_DECAY": 0.0}), "cpu")
    rows = read_rows(run)
    assert len(rows) < 9
    scores = [float(row["val_macro_f1"]) for row in rows]
    assert max(scores[-2:]) <= max(scores[:-2])


@pytest.mark.usefixtures("quick_epochs")
def test_a_checkpoint_of_another_content_is_not_resumed(run_config):
    config = run_config({"TRAIN.EPOCHS": 1})
    last = train(config, "cpu") / "last.safetensors"
    arrays, note = load_checkpoint(last)
    name = next(iter(arrays))
    damaged = {
        "its progress is not": (arrays, note | {"progress": [1]}),
        "rows of its progress is malformed": (arrays, note | {"progress": note["progress"] | {"rows": "none"}}),
        "its ema_steps is malformed": (arrays, note | {"ema_steps": None}),
        f"its tensor {name} is missing": ({key: value for key, value in arrays.items() if key != name}, note),
        "or of another shape": (arrays | {name: np.zeros(99, np.float32)}, note),
        "belongs to no part of the run": (arrays | {"optimizer.nothing": np.zeros(3, np.float32)}, note),
        "a checkpoint's config": (arrays, note | {"config": "- a"}),
        "config is malformed": (arrays, note | {"config": 7}),
    }
    for words, (content, said) in damaged.items():
        save_checkpoint(last, content, said)
        with pytest.raises(UserError, match=words):
            train(config, "cpu", resume=True)


@pytest.mark.usefixtures("quick_epochs")
def test_a_batch_of_one_and_the_largest_seed(run_config):
    run = train(run_config({"TRAIN.BATCH_SIZE": 1, "TRAIN.EPOCHS": 1, "TRAIN.WARMUP_EPOCHS": 0, "SEED": 2**63 - 1, "AUG.BLUR": 0}), "cpu")
    (row,) = read_rows(run)
    assert math.isfinite(float(row["loss"])) and int(row["steps"]) == 112
