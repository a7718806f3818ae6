# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.preprocess import ExpressionNet, Preprocess
from image_classification.CFC_SP.inference.agreement import MAX_PROBABILITY_CHANGE, example_crops, probability_change
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.engines import NETWORK_PROGRAMS
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.precision import bfloat16_change, checked_precision, cpu_has_bfloat16, in_precision
from image_classification.CFC_SP.support.errors import UserError
from image_classification.SwinTransformer.swin import SwinTransformer
from tools.weights.random_bundle import seeded_bundle

needs_bfloat16 = pytest.mark.skipif(not cpu_has_bfloat16(), reason="this CPU has no bfloat16")


class Logits:
    """A program of two classes whose logits in bfloat16 lie `shift` away."""

    fell_back = False

    def __init__(self, shift, bfloat16):
        self.shift, self.bfloat16 = shift, bfloat16

    def __call__(self, crops):
        logits = np.zeros((len(crops), 2), np.float32)
        logits[:, 0] += self.shift * self.bfloat16
        return (logits,)


def shifted(shift):
    return lambda bfloat16: Logits(shift, bfloat16)


def has():
    return True


def has_not():
    return False


def test_the_check_measures_probabilities():
    # Two classes: the softmax is the logistic function, 0.5 at 0.
    assert bfloat16_change(shifted(0.2), 8) == pytest.approx(1 / (1 + np.exp(-0.2)) - 0.5, rel=1e-5)


@pytest.mark.parametrize(("shift", "expected"), [(0.05, "bfloat16"), (0.2, "float32"), (np.nan, "float32")])
def test_only_small_changes_are_recorded_as_bfloat16(shift, expected):
    assert checked_precision(shifted(shift), 8, has) == expected
    assert checked_precision(shifted(shift), 8, has_not) == "float32"


@pytest.mark.parametrize("kind", [NotImplementedError, RuntimeError, ValueError])
def test_an_engine_that_cannot_means_float32(kind):
    def build(bfloat16):
        if bfloat16:
            raise kind("the input of Op(pool) should be 4-D")
        return Logits(0, False)

    assert checked_precision(build, 8, has) == "float32"


def test_an_engine_that_gave_up_means_float32():
    def build(bfloat16):
        program = Logits(0, bfloat16)
        program.fell_back = bfloat16
        return program

    assert checked_precision(build, 8, has) == "float32"


@pytest.mark.parametrize(
    ("wanted", "recorded", "cpu", "expected"),
    [
        ("auto", "bfloat16", True, True),
        ("auto", "float32", True, False),
        ("auto", "bfloat16", False, False),
        ("float32", "bfloat16", True, False),
        ("bfloat16", "float32", True, True),
        ("bfloat16", "float32", False, False),
    ],
)
def test_who_computes_in_bfloat16(wanted, recorded, cpu, expected):
    assert in_precision(shifted(0.01), wanted, recorded, "coarse", 8, has if cpu else has_not).bfloat16 is expected


def test_bfloat16_that_changes_too_much_is_refused():
    with pytest.raises(UserError, match=r"probabilities of coarse to change by 0\.02 at most, found that they change by 0\.05: use"):
        in_precision(shifted(0.2), "bfloat16", "bfloat16", "coarse", 8, has)


def test_bfloat16_without_probabilities_is_refused():
    with pytest.raises(UserError, match="probabilities of coarse .* found that its networks cannot be computed in it here: use"):
        in_precision(shifted(float("nan")), "bfloat16", "bfloat16", "coarse", 8, has)


@needs_bfloat16
@pytest.mark.parametrize("shipped", ["lite", "lite-fast"])
def test_a_shipped_network_in_bfloat16(shipped):
    bundle = open_bundle(shipped)
    crops = example_crops(bundle.manifest["crop"]["size"], 8)
    for name in NETWORK_PROGRAMS:
        program = PaddleProgram(bundle, name, bfloat16=True)
        found, expected = program(crops), PaddleProgram(bundle, name)(crops)
        assert program.engine == "onednn bfloat16"
        assert 0 < probability_change(found, expected) <= MAX_PROBABILITY_CHANGE


@needs_bfloat16
def test_a_swin_transformer_runs_in_bfloat16(tmp_path):
    """Pooled by a sum, shifted windows, two stages, a map that the windows do not divide."""
    swin = SwinTransformer(24, (2, 2), (1, 2), 7, num_classes=5, in_channels=1, input_size=48)
    bundle = seeded_bundle(ExpressionNet(Preprocess(48, 48, 1, "image"), swin), "swin", tmp_path)
    change = bfloat16_change(lambda bfloat16: PaddleProgram(bundle, "swin", bfloat16=bfloat16), 48)
    assert 0 < change <= MAX_PROBABILITY_CHANGE
