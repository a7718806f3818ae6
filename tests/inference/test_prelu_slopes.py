# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest
from paddle import nn

from image_classification.CFC_SP.core.preprocess import ExpressionNet, Preprocess
from image_classification.CFC_SP.inference import paddle_program
from image_classification.CFC_SP.inference.agreement import example_crops, relative_difference
from image_classification.CFC_SP.inference.bundle import parameter_names
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram, program_files
from image_classification.CFC_SP.inference.precision import cpu_has_bfloat16
from image_classification.CFC_SP.inference.prelu_slopes import packed, slope_names
from tools.weights.random_bundle import seeded_bundle


def test_packed_slopes_read_as_bfloat16():
    slopes = np.linspace(-0.7, 1.1, 17, dtype=np.float32)
    halves = packed(slopes).view(np.uint16)[:17]
    assert np.allclose((halves.astype(np.uint32) << 16).view(np.float32), slopes, rtol=2**-8, atol=0)


@pytest.fixture
def prelu_bundle(tmp_path):
    """A bundle whose one network has a PReLU, with what the network gives for four crops."""
    layers = nn.Conv2D(3, 16, 3), nn.PReLU(16), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(16, 5)
    net = ExpressionNet(Preprocess(8, 8), nn.Sequential(*layers))
    bundle = seeded_bundle(net, "prelu", tmp_path)
    with paddle.no_grad():
        return bundle, net(paddle.to_tensor(example_crops(8, 4))).numpy()


def test_the_slopes_of_a_program(prelu_bundle):
    bundle, _ = prelu_bundle
    program = bundle.program("prelu")
    names = slope_names(program)
    assert [bundle.parameters(sorted(names))[name].shape for name in names] == [(16,)]
    assert names < set(parameter_names(program))


@pytest.mark.skipif(not cpu_has_bfloat16(), reason="this CPU has no bfloat16")
def test_prelu_in_bfloat16(prelu_bundle):
    bundle, expected = prelu_bundle
    for bfloat16, tolerance in ((False, 1e-5), (True, 2e-2)):
        found = PaddleProgram(bundle, "prelu", bfloat16=bfloat16)(example_crops(8, 4))
        assert relative_difference(found, (expected,)) <= tolerance


@pytest.mark.parametrize("misread", [True, False])
def test_slopes_are_packed_where_they_are_misread(misread, prelu_bundle, monkeypatch):
    bundle, _ = prelu_bundle
    monkeypatch.setattr(paddle_program, "are_misread", lambda: misread)
    [name] = slope_names(bundle.program("prelu"))
    slopes = bundle.parameters([name])[name]
    with program_files(bundle, "prelu", bfloat16=True) as (_, stored):
        assert (packed(slopes).tobytes() in stored.read_bytes()) is misread
        assert (slopes.tobytes() in stored.read_bytes()) is not misread
