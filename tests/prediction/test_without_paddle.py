# SPDX-License-Identifier: Apache-2.0
"""Prediction where Paddle cannot be imported: ONNX Runtime and NumPy give what Paddle gives."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import clips

pytest.importorskip("onnxruntime")
ROOT = Path(__file__).resolve().parents[2]
# No process of it, the one that runs the networks included, can import these.
_BLOCK = "import sys\nfor name in ('paddle', 'onnx', 'matplotlib', 'yacs', 'sklearn', 'bokeh'):\n    sys.modules[name] = None\n"
_PROBABILITIES = tuple(f"p_{name}" for name in ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other"))


def predict_without(clip, out, folder, *words) -> Path:
    """The folder of the clip's results, predicted in processes that know no Paddle."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_BLOCK)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    command = [
        sys.executable,
        "-m",
        "image_classification.CFC_SP.cli",
        "predict",
        "-video",
        clip,
        "-out",
        out,
        "-formats",
        "csv,json",
        *words,
    ]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(out, Path(clip).stem)


def rows_of(path: Path) -> list[dict]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assert_the_same(found: list[dict], expected: list[dict]) -> None:
    assert len(found) == len(expected) and any(row["label"] for row in found)
    for a, b in zip(found, expected, strict=True):
        assert {key: value for key, value in a.items() if key != "confidence" and key not in _PROBABILITIES} == {
            key: value for key, value in b.items() if key != "confidence" and key not in _PROBABILITIES
        }
        for name in _PROBABILITIES:
            assert (a[name] == b[name] == "") or float(a[name]) == pytest.approx(float(b[name]), abs=1e-4)


def test_the_same_labels_and_probabilities(recognizer, tmp_path, astronaut):
    clip = clips.write_clip(tmp_path / "clip.mp4", [astronaut] * 6)
    folder = predict_without(clip, tmp_path / "without", tmp_path / "block")
    result = json.loads((folder / "result.json").read_text())
    assert (result["engine"], result["device"]) == ("onnxruntime", "cpu")
    expected = recognizer.video(clip).run()
    expected.save(tmp_path / "with", formats=("csv",))
    assert_the_same(rows_of(folder / "frames.csv"), rows_of(tmp_path / "with" / "frames.csv"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start", "end"), [("no_face_then_smile.mov", 3.0, 5.0), ("portrait_720p.mp4", 0.0, 2.0)])
@pytest.mark.parametrize("bundle", ["lite", "lite-fast"])
def test_the_same_on_real_clips(shared_clips, tmp_path, name, start, end, bundle):
    from image_classification.CFC_SP import predict_video

    words = "-bundle", bundle, "-start", start, "-end", end
    folder = predict_without(shared_clips / name, tmp_path / "without", tmp_path / "block", *words)
    result = predict_video(shared_clips / name, bundle=bundle, precision="float32", start=start, end=end)
    result.save(tmp_path / "with", formats=("csv",))
    assert_the_same(rows_of(folder / "frames.csv"), rows_of(tmp_path / "with" / "frames.csv"))
