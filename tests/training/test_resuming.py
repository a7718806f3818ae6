# SPDX-License-Identifier: Apache-2.0
"""Runs that end before their time, and how they go on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import image_classification.CFC_SP
from image_classification.CFC_SP.config import load_config, parse_config
from image_classification.CFC_SP.support.csv_files import read_records
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.training import trainer
from image_classification.CFC_SP.training.trainer import train
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, save_checkpoint
from tests.events import wait_until
from tests.training_fixtures import STATIC, STEPS_AN_EPOCH

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(image_classification.CFC_SP.__file__).parent / "main_single_gpu.py"


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
    for last in (5, STEPS_AN_EPOCH + 1):
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
    for last in (1, 3, STEPS_AN_EPOCH):
        # Ctrl-C is ignored in the background of a shell, and by what is started there.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with monkeypatch.context() as patched:
                patched.setattr(trainer.Ema, "update", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    train(config(f"stopped{last}"), "cpu")
        finally:
            signal.signal(signal.SIGINT, before)
        assert f"ended at step {last} of {2 * STEPS_AN_EPOCH}: -resume goes on from there" in capsys.readouterr().out
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


def assert_same(run, expected, names=("last", "best")):
    for name in names:
        ours, theirs = (load_checkpoint(folder / f"{name}.safetensors")[0] for folder in (run, expected))
        assert list(ours) == list(theirs)
        for tensor, value in theirs.items():
            np.testing.assert_array_equal(ours[tensor], value, err_msg=tensor)
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in read_records(r / "metrics.csv")] for r in (run, expected)]
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

    # That both ways lead to the same weights is for the test of five kills to say, which is slow.
    resume = [sys.executable, "-m", "image_classification.CFC_SP.cli", "train", "-resume", *words("killed")]
    subprocess.run(resume, cwd=tmp_path, env=environment(), check=True, capture_output=True)
    assert not list(run.glob(".part-*"))
    assert [row["epoch"] for row in read_records(run / "metrics.csv")] == ["1", "2"]


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

    with pytest.raises(UserError, match="already holds a run: continue with -resume"):
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
    assert [row["epoch"] for row in read_records(run / "metrics.csv")] == ["1", "2"]
    # It is resumed with its own config, now of two epochs, and not with less.
    assert train(load_config(run / "config.yaml"), "cpu", resume=True) == run
    with pytest.raises(UserError, match=r"TRAIN\.EPOCHS: 2 in the run, 1 here"):
        train(run_config({"TRAIN.EPOCHS": 1}), "cpu", resume=True)


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
