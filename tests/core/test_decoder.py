# SPDX-License-Identifier: Apache-2.0
"""Labels that last."""

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.decoder import lasting
from tests.static_program import StaticProgram


class Lasting(paddle.nn.Layer):
    """`lasting` as a layer; Paddle Inference refuses a program without a parameter."""

    def __init__(self):
        super().__init__()
        self.register_buffer("nothing", paddle.zeros([1], "int64"))

    def forward(self, labels, shortest):
        return lasting(labels + self.nothing, shortest)


@pytest.fixture(scope="module", params=["eager", "static", "static with oneDNN"])
def run(request, tmp_path_factory):
    """Labels as digits, such as "0011", with none that lasts for less than so many frames."""
    layer = Lasting()
    program = layer
    if request.param != "eager":
        inputs = {"labels": ([-1], "int64"), "shortest": ([1], "int64")}
        program = StaticProgram(layer, inputs, tmp_path_factory.mktemp("lasting") / "lasting", request.param == "static with oneDNN")

    def run(labels, shortest):
        arrays = np.array([int(digit) for digit in labels]), np.array([shortest])
        found = layer(*map(paddle.to_tensor, arrays)).numpy() if program is layer else program(*arrays)[0]
        return "".join(map(str, found))

    return run


@pytest.mark.parametrize(
    ("labels", "shortest", "expected"),
    [
        ("0001000", 3, "0000000"),  # a blink of another label
        ("0002111", 3, "0000111"),  # of two as near the earlier one's
        ("00022111", 3, "00001111"),  # each end to its own side
        ("00022111", 2, "00022111"),  # long enough
        ("12000", 3, "00000"),  # at the beginning
        ("00012", 3, "00000"),  # at the end
        ("0101010", 3, "0101010"),  # nothing lasts: all stays
        ("000121212121000", 3, "000000212000000"),  # none within reach in the middle
        ("012", 0, "012"),
        ("012", 1, "012"),
        ("1", 5, "1"),
    ],
)
def test_short_runs_give_way(run, labels, shortest, expected):
    assert run(labels, shortest) == expected


def test_a_frame_depends_on_no_frame_beyond_twice_the_shortest(run):
    rng = np.random.default_rng(0)
    labels, shortest, middle = rng.integers(0, 2, 81), 4, 40
    before = run(labels, shortest)[middle]
    for _ in range(50):
        other = rng.integers(0, 3, 81)
        other[middle - 2 * shortest : middle + 2 * shortest + 1] = labels[middle - 2 * shortest : middle + 2 * shortest + 1]
        assert run(other, shortest)[middle] == before
