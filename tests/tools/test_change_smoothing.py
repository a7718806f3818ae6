# SPDX-License-Identifier: Apache-2.0
"""A bundle with another smoothing: the networks stay, the manifest and the sequence's settings follow."""

import csv

import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.prediction.recognizer import predict_video
from image_classification.CFC_SP.support.command_line import run_script
from tests import clips
from tools import change_smoothing


@pytest.fixture(scope="module")
def footage(tmp_path_factory, astronaut):
    """A folder with a clip of a smiling woman who is labelled as happy."""
    folder = tmp_path_factory.mktemp("footage")
    clips.write_clip(folder / "smile.mp4", [astronaut[:256, 80:400]] * 12)
    with open(folder / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([("clip", "first_frame", "last_frame", "label", "note"), ("smile.mp4", 2, 9, "Happiness", "")])
    return folder


@pytest.fixture(scope="module")
def changed(ferplus, footage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "mine"
    words = ["-smoothing", "probabilities", "-window", "20", "-prior", "0.5", "-data", ferplus, "-clips", footage, "-out", folder]
    assert run_script(change_smoothing, ["-bundle", "lite-fast", *map(str, words)]) == 0
    return open_bundle(folder)


def test_networks_stay_to_the_bit(changed):
    before = open_bundle("lite-fast")
    weights = [name for name in before.manifest["files"] if name.endswith(".safetensors") and not name.startswith("sequence")]
    assert len(weights) >= 2 and all(changed.manifest["files"][name] == before.manifest["files"][name] for name in weights)
    # ONNX files are made of a bundle that is there, by `cfc-sp onnx`.
    assert set(changed.manifest["files"]) == set(before.manifest["files"]) - {"frame.onnx"}
    for key in ("networks", "engines", "batch", "detector", "cascade"):
        assert changed.manifest[key] == before.manifest[key]
    # Bundles of former schemas align no face, and do not say so.
    assert changed.manifest["crop"] == {"align": "none"} | before.manifest["crop"]


def test_the_manifest_has_what_was_asked(changed):
    sp, prior = changed.manifest["sp"], changed.manifest["prior"]
    assert (sp["kind"], sp["window"], prior["tau"], changed.manifest["name"]) == ("probabilities", 20, 0.5, "mine")
    assert list(prior["shares"]) == list(EXPR) and sum(prior["shares"].values()) == pytest.approx(1, abs=1e-3)


def test_the_confidence_is_fitted_to_the_clips(changed, footage):
    """All frames are right: the temperatures raise the confidence in them."""
    assert changed.manifest["sp"]["calibration"]["probabilities"][0] < 1
    calibrated = predict_video(footage / "smile.mp4", bundle=changed.folder)
    faces = [face for row in calibrated.rows for face in row.faces]
    assert {face.label for face in faces} == {"Happiness"}
    assert np.mean([face.confidence for face in faces]) > np.mean([face.raw_probabilities[EXPR.index("Happiness")] for face in faces])
