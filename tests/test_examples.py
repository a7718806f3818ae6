# SPDX-License-Identifier: Apache-2.0
"""The public names: their examples run as they stand, importing them takes nothing, and their types reach who uses them."""

import doctest
import importlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

import cfc_sp
from image_classification.CFC_SP.prediction import recognizer as recognizer_module
from tests import clips

ROOT = Path(__file__).resolve().parents[1]


class Kept:
    """A predictor that stays open whoever closes it."""

    def __init__(self, predictor):
        self._predictor = predictor

    def __getattr__(self, name):
        return getattr(self._predictor, name)

    def close(self):
        pass


def examples_of(name: str) -> list[doctest.DocTest]:
    """The examples of a public name and of its methods."""
    public = getattr(cfc_sp, name)
    module = importlib.import_module(public.__module__)
    return [test for test in doctest.DocTestFinder().find(public, name, module, globs={}) if test.examples]


@pytest.fixture(scope="module")
def shared():
    with cfc_sp.Recognizer(device="cpu") as recognizer:
        yield recognizer


@pytest.fixture
def desk(shared, tmp_path, monkeypatch, astronaut):
    """A folder with a clip and a picture, in which no example waits for a model to load."""
    monkeypatch.chdir(tmp_path)
    face = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    clips.write_clip(tmp_path / "clip.mp4", [face] * 3)
    cv2.imwrite("face.jpg", face[..., ::-1])
    model = replace(shared.model, predictor=Kept(shared.model.predictor))
    monkeypatch.setattr(recognizer_module, "load_model", lambda *options: model)


@pytest.mark.parametrize("name", cfc_sp.__all__)
def test_the_examples_of_a_public_name_run(name, desk, shared):
    tests = examples_of(name)
    assert tests, f"{name} has no example"
    for test in tests:
        test.globs["recognizer"] = shared
        assert doctest.DocTestRunner().run(test).failed == 0, test.name


def test_the_door_opens_without_what_is_behind_it():
    """Nothing heavy is imported, so that `import cfc_sp` takes no time."""
    script = "import sys, cfc_sp; print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    heavy = {"numpy", "cv2", "av", "paddle", "scipy", "PIL", "onnxruntime", "openvino", "image_classification"}
    assert "cfc_sp" in done.stdout.split() and not heavy & set(done.stdout.split())


@pytest.mark.slow
def test_types_reach_who_uses_the_public_names(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "use.py").write_text(
        "from cfc_sp import Recognizer, predict_video\n"
        "with Recognizer() as recognizer:\n"
        "    for frame in recognizer.video('a.mp4'):\n"
        "        reveal_type(frame)\n"
        "    reveal_type(recognizer.picture('a.jpg'))\n"
        "wrong: int = predict_video('a.mp4').rows[0].faces[0].label\n"
    )
    # An editable install is found by a hook that mypy does not follow.
    environment = os.environ | {"MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "use.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout
    assert "records.FrameResult" in said and "tuple[image_classification.CFC_SP.core.records.Face, ...]" in said
    assert 'expression has type "str", variable has type "int"' in said and "Found 1 error in 1 file" in said
