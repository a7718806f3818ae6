# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.backbones import build_backbone
from tools.benchmarks import network_speed


@pytest.mark.usefixtures("tiny_network")
def test_a_network_has_a_row_for_every_batch_and_says_whether_it_is_right(monkeypatch):
    rows = network_speed.measure_network("repvgg_lite", 1, 48, "onednn", 2)
    assert [row["batch"] for row in rows] == [1, 8]
    for row in rows:
        assert row["engine"] == "onednn" and row["correct"] is True and float(row["relative_difference"]) <= 1e-4
        assert 0 < row["low"] <= row["median"] <= row["high"] and row["runs"] == 2
        assert row["run_macs"] < row["macs"]
    monkeypatch.setattr(network_speed, "example_crops", lambda side, batch: np.zeros((batch, side, side, 3), np.uint8))
    assert [row["correct"] for row in network_speed.measure_network("repvgg_lite", 1, 48, "onednn", 1)] == [False, False]


@pytest.mark.parametrize(
    ("name", "native"),
    [("swin_s_face", (3, 224)), ("iresnet152", (3, 112)), ("repvgg_a0_face", (3, 112)), ("hrnet_w18", (3, 224)), ("swin_lite", (1, 48))],
)
def test_networks_get_the_pictures_they_were_made_for(name, native):
    assert network_speed.native_input(name) == native


def test_networks_get_the_pictures_of_the_shipped_ones_too():
    assert network_speed.inputs_of("repvgg_lite") == [(1, 48), (1, 64)]
    assert network_speed.inputs_of("mobilenet_face") == [(3, 112), (1, 88)]
    assert network_speed.inputs_of("swin_lite") == [(1, 48)]


def test_a_face_variant_takes_the_size_of_a_config():
    assert build_backbone("repvgg_a0_face", num_classes=5, input_size=64)(paddle.zeros([2, 3, 64, 64])).shape == [2, 5]


def test_what_takes_too_long_costs_its_own_rows(capsys):
    assert network_speed._apart("repvgg_lite", 1, 48, "cpu", 1, limit=0.05) == []
    assert "repvgg_lite of 48 px on cpu: not done after 0.05 s" in capsys.readouterr().err
