# SPDX-License-Identifier: Apache-2.0
"""A network program on the engine, the device and in the precision that are asked for; each engine is imported where it is chosen."""

from functools import partial
from typing import Protocol

import numpy as np

from ..support.device import select_device
from ..support.errors import UserError
from .bundle import Bundle
from .engine_choice import check_choice
from .precision import in_precision

# What `PaddleProgram.engine` says on a CPU.
PADDLE_ENGINES = ("cpu", "onednn", "onednn bfloat16")
# The programs by which prediction recognises: crops in, logits out.
NETWORK_PROGRAMS = ("frame",)


class NetworkProgram(Protocol):
    """What every engine gives. engine, device: what really runs. fell_back: whether oneDNN gave up, so that it runs without it."""

    name: str
    engine: str
    device: str
    fell_back: bool

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]: ...


def network_program(bundle: Bundle, name: str, device: str = "cpu", engine: str = "auto", precision: str = "auto") -> NetworkProgram:
    """The program `name` of the bundle, one of NETWORK_PROGRAMS, ready to be called.

    device: one of `engine_choice.DEVICES`; "auto" is the GPU where the engine has one. engine: "paddle", with oneDNN or without as the
    manifest records; "onnxruntime" and "openvino", which take the bundle's ONNX files; "auto", as `engine_choice.chosen_engine` says.
    precision: "float32"; "auto", bfloat16 where the export recorded it as correct and fastest; "bfloat16", which is checked now. A CPU
    without bfloat16, and a GPU, compute in float32 in any case; a GPU refuses to be asked for bfloat16. Raises UserError for a choice that
    does not exist, is not installed or does not fit.
    """
    return _MAKERS[check_choice(device, engine, precision)](bundle, name, device, precision)


def recorded_engine(bundle: Bundle, name: str) -> str:
    """The one of PADDLE_ENGINES that the export found fastest for a program; "onednn" where the manifest says nothing."""
    entry = bundle.manifest.get("engines")
    entry = entry.get(name) if isinstance(entry, dict) else None
    engine = entry.get("fastest") if isinstance(entry, dict) else None
    return engine if engine in PADDLE_ENGINES else "onednn"


def _on_paddle(bundle: Bundle, name: str, device: str, precision: str) -> NetworkProgram:
    if precision == "bfloat16" and (device == "gpu" or select_device(device) == "gpu"):
        raise UserError("-precision bfloat16 is for CPUs: a GPU computes a bundle in float32: leave it out, or add -device cpu")
    device = select_device(device)
    from .paddle_program import PaddleProgram
    from .precision import cpu_has_bfloat16

    if device != "cpu":
        return PaddleProgram(bundle, name, device)
    recorded = recorded_engine(bundle, name)
    return in_precision(
        lambda bfloat16: PaddleProgram(bundle, name, onednn=bfloat16 or recorded != "cpu", bfloat16=bfloat16),
        precision,
        "bfloat16" if recorded.endswith("bfloat16") else "float32",
        name,
        bundle.manifest["crop"]["size"],
        cpu_has_bfloat16,
    )


def _on_onnxruntime(bundle: Bundle, name: str, device: str, precision: str) -> NetworkProgram:
    from .onnx_files import open_onnx
    from .onnxruntime_program import OnnxRuntimeProgram

    if precision == "bfloat16":
        raise UserError("-precision bfloat16: -engine onnxruntime computes in float32: leave one of them out")
    return OnnxRuntimeProgram(open_onnx(bundle, name), device)


def _on_openvino(bundle: Bundle, name: str, device: str, precision: str) -> NetworkProgram:
    from .onnx_files import open_onnx
    from .openvino_program import OpenVinoProgram, openvino_has_bfloat16

    model = open_onnx(bundle, name)
    return in_precision(partial(OpenVinoProgram, model), precision, model.precision, name, model.size, openvino_has_bfloat16)


_MAKERS = {"paddle": _on_paddle, "onnxruntime": _on_onnxruntime, "openvino": _on_openvino}
