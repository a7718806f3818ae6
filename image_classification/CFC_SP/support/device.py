# SPDX-License-Identifier: Apache-2.0
"""Where Paddle works: the choice of CPU or GPU."""

from .errors import UserError
from .malloc import keep_freed_memory

DEVICES = ("auto", "cpu", "gpu")


def select_device(wanted: str) -> str:
    """Makes Paddle use `wanted` ("auto", "cpu" or "gpu") and returns the device chosen, "cpu" or "gpu"; the process keeps its memory since.

    What a GPU computes in float32 is float32, without TF32.
    Raises UserError for a GPU that was asked for and cannot be used: never a silent fallback.
    """
    if wanted not in DEVICES:
        raise UserError(f"unknown device {wanted!r}: expected one of {', '.join(DEVICES)}")
    from .quiet_paddle import paddle

    available = paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
    if wanted == "gpu" and not available:
        found = "no GPU" if paddle.is_compiled_with_cuda() else "a Paddle built for the CPU alone"
        raise UserError(
            f"-device gpu needs a GPU and paddlepaddle-gpu, found {found}: install that in the place of paddlepaddle, or use -device cpu"
        )
    device = "gpu" if available and wanted != "cpu" else "cpu"
    if device == "gpu":
        # From Ampere on, cuBLAS and cuDNN cut float32's factors to ten bits (TF32) unless they are told not to.
        from paddle.base import core

        core.set_cublas_switch(False)
        core.set_cudnn_switch(False)
    paddle.set_device(device)
    keep_freed_memory()
    return device
