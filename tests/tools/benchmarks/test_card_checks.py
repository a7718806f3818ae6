# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.support.quiet_paddle import paddle
from tests import clips
from tools.benchmarks import card_checks

CARDS = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0


@pytest.fixture
def small(monkeypatch):
    """One small network in the place of four large ones, on the CPU in the card's."""
    monkeypatch.setattr(card_checks, "CONFIGS", ("configs/lite/lite_repvgg_coarse.yaml",))


@pytest.mark.parametrize("name", ["eager", "static", "precision", "training", "resume"])
def test_a_cpu_passes_what_is_asked_of_a_card(name, small, tiny_network):
    rows = list(card_checks.CHECKS[name]("cpu"))
    assert len(rows) == (2 if name == "precision" else 1)
    assert all(fine for _, fine, _ in rows), rows


def test_a_network_that_computes_otherwise_is_seen(small, tiny_network, monkeypatch):
    """What a card with TF32 would do: the fourth digit is wrong."""
    own = card_checks._logits
    monkeypatch.setattr(card_checks, "_logits", lambda config, crops, place: own(config, crops, "cpu") * (1.001 if place == "gpu" else 1))
    ((_, fine, figure),) = card_checks.eager("gpu")
    assert not fine and figure == "1.0e-03 of the largest logit"


@pytest.mark.gpu
@pytest.mark.skipif(not CARDS, reason="needs a graphics card and paddlepaddle-gpu; `python tools/gpu_check.py` says what would be checked")
@pytest.mark.parametrize("name", [name for name in card_checks.CHECKS if name != "speed"])
def test_the_card_passes(name):
    rows = list(card_checks.CHECKS[name]("gpu", [clips.real_clip("carphone_pristine.mp4"), clips.real_clip("bikes.mp4")]))
    assert all(fine for _, fine, _ in rows), rows
