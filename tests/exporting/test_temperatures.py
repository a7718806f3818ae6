# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.special import softmax

from image_classification.CFC_SP import export_model
from image_classification.CFC_SP.exporting.temperatures import fit_temperature
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.support.command_line import run_script


def draw(temperature):
    """Logits of one network [1, 5, N], and classes drawn from its softmax at `temperature`."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (1, 5, 20_000))
    return logits, (rng.random(20_000) > softmax(logits[0] / temperature, axis=0).cumsum(0)).sum(0)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_drew_the_classes_is_found(temperature):
    assert fit_temperature(*draw(temperature)) == pytest.approx(temperature, rel=0.05)


def test_of_an_ensemble_the_mean_of_the_probabilities_is_fitted():
    """Beside a network that knows nothing, a right one has to be surer."""
    logits, truth = draw(1.0)
    assert fit_temperature(np.concatenate([logits, 0 * logits]), truth) < 0.7


def test_a_bundle_is_calibrated_where_it_is_asked_for(export):
    folder, said = export
    networks = open_bundle(folder).manifest["networks"]
    by_stage = {stage: {network["temperature"] for network in networks if network["stage"] == stage} for stage in ("coarse", "negative")}
    assert [len(temperatures) for temperatures in by_stage.values()] == [1, 1]
    for network in networks:
        # Untrained networks know nothing of noise: the flatter the better.
        assert network["temperature"] > 1
        assert network["temperature_smoothed"] == pytest.approx(2 * network["temperature"], abs=1e-3)
        assert f"{network['stage']}: temperature {network['temperature']}" in said


def test_random_networks_have_nothing_to_calibrate(noise, tmp_path, capsys):
    words = ["-cfg", "configs/table2.yaml", "-row", "9", "-random", "-calibrate", str(noise), "-out", str(tmp_path / "bundle")]
    assert run_script(export_model, words) == 2
    assert "found -random" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
