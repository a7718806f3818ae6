# SPDX-License-Identifier: Apache-2.0
"""PReLU's slopes in bfloat16: Paddle's oneDNN kernel takes the bytes of float32 slopes for bfloat16 ones (3.3.1).

Slopes that are packed, so that its reading of them is right, make the operation as fast and as exact as every other one.
"""

from functools import cache
from pathlib import Path

import numpy as np

from ..support.quiet_paddle import paddle
from ..support.temporary import temporary_folder
from .bundle import operations

# A slope that bfloat16 has exactly, and the lower half of whose float32 bytes is another number.
_SLOPE, _CHANNELS = 0.25, 16


def slope_names(program: bytes) -> set[str]:
    """The names of the parameters of a program (its JSON) that are slopes of a PReLU."""
    steps = operations(program)
    places = {step["I"][1]["%"] for step in steps if step["#"] == "1.prelu"}
    return {step["A"][3] for step in steps if step["#"] == "p" and step["O"]["%"] in places}


def packed(slopes: np.ndarray) -> np.ndarray:
    """float32 [C] whose first 2 C bytes are the slopes, float32 [C], as bfloat16; the rest is zero.

    >>> packed(np.float32([0.5, -2.0])).view(np.uint16).tolist() == [0x3F00, 0xC000, 0, 0]
    True
    """
    halves = np.zeros((2, *slopes.shape), np.uint16)
    bits = slopes.astype(np.float32).view(np.uint32)
    # To the nearest, ties to even.
    halves.reshape(-1)[: bits.size] = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).reshape(-1)
    return halves.reshape(-1).view(np.float32).reshape(slopes.shape)


@cache
def are_misread() -> bool:
    """Whether this Paddle's kernel does so; a later one may not. Only a CPU with bfloat16 can tell."""
    layer = paddle.nn.PReLU(_CHANNELS, init=_SLOPE)
    layer.eval()
    inputs = [paddle.static.InputSpec([1, _CHANNELS, 1, 1], "float32")]
    with temporary_folder() as folder:
        stem = str(Path(folder, "prelu"))
        paddle.jit.save(paddle.jit.to_static(layer, inputs, full_graph=True), stem)
        config = paddle.inference.Config(f"{stem}.json", f"{stem}.pdiparams")
        config.disable_glog_info()
        config.enable_mkldnn()
        config.enable_mkldnn_bfloat16()
        predictor = paddle.inference.create_predictor(config)
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(np.full((1, _CHANNELS, 1, 1), -1, np.float32))
    predictor.run()
    found = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    return not np.allclose(found, -_SLOPE)
