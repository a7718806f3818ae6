# SPDX-License-Identifier: Apache-2.0
"""A network program on ONNX Runtime, from its ONNX form: called as `PaddleProgram` is."""

import numpy as np

from ..support.errors import UserError
from ..support.packages import import_package
from ..support.threads import thread_count
from .onnx_files import OnnxFile

# By what `-device` calls it, ONNX Runtime's name of what computes there.
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "gpu": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
# What takes over the operations that a provider does not know, in this order.
_BEHIND = {"tensorrt": ("gpu", "cpu"), "gpu": ("cpu",), "coreml": ("cpu",), "directml": ("cpu",), "cpu": ()}
# The distribution that brings a provider.
_PACKAGES = {"gpu": "onnxruntime-gpu", "tensorrt": "onnxruntime-gpu", "coreml": "onnxruntime for macOS", "directml": "onnxruntime-directml"}


class OnnxRuntimeProgram:
    """An ONNX model of a program on one device; called with NumPy arrays in the order of its inputs, it returns its outputs as a tuple.

    device: one of PROVIDERS, or "auto": the GPU where ONNX Runtime has one, the CPU elsewhere. engine, device: what really runs.
    Raises UserError where ONNX Runtime is not installed, where it does not have the device or cannot use it, and when a device fails
    while it runs: it never goes on elsewhere.
    """

    fell_back = False

    def __init__(self, model: OnnxFile, device: str = "auto", threads: int | None = None):
        self.name, self._path = model.name, model.path
        self._runtime = import_package("onnxruntime", "-engine onnxruntime")
        self._threads = threads or thread_count()
        if device == "auto":
            session = self._session("gpu") if PROVIDERS["gpu"] in self._runtime.get_available_providers() else None
            device = "gpu" if session is not None and _runs_on(session, "gpu") else "cpu"
        elif PROVIDERS[device] not in self._runtime.get_available_providers():
            found = ", ".join(name for name, provider in PROVIDERS.items() if provider in self._runtime.get_available_providers())
            raise UserError(
                f"-device {device} needs {_PACKAGES[device]}, found an ONNX Runtime for {found}: install that in its place, or use "
                "-device cpu"
            )
        else:
            session = None
        if session is None or device == "cpu":
            session = self._session(device)
        if not _runs_on(session, device):
            raise UserError(
                f"-device {device}: ONNX Runtime has {PROVIDERS[device]} and cannot use it here: look at its driver and libraries, or use "
                "-device cpu"
            )
        # By itself the session would go on with the CPU.
        session.disable_fallback()
        self.device, self._session_in_use = device, session
        self.engine = "onnxruntime" if device == "cpu" else f"onnxruntime {PROVIDERS[device].removesuffix('ExecutionProvider')}"
        self._inputs = [given.name for given in session.get_inputs()]

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        feed = {name: np.ascontiguousarray(array) for name, array in zip(self._inputs, arrays, strict=True)}
        try:
            return tuple(self._session_in_use.run(None, feed))
        except _faults() as error:
            raise UserError(
                f"ONNX Runtime failed on the device {self.device} ({_first_line(error)}), and nothing was computed elsewhere: try again, "
                "or use -device cpu"
            ) from error

    def _session(self, device: str):
        options = self._runtime.SessionOptions()
        # Errors alone: every constant that the optimiser folds away is a warning.
        options.log_severity_level = 3
        options.intra_op_num_threads = self._threads
        # Waiting threads give their core to the decoder and the detector.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if device == "directml":
            # As DirectML asks for.
            options.enable_mem_pattern = False
        providers = [PROVIDERS[name] for name in (device, *_BEHIND[device]) if PROVIDERS[name] in self._runtime.get_available_providers()]
        try:
            return self._runtime.InferenceSession(str(self._path), options, providers=providers, enable_fallback=0)
        except _faults() as error:
            raise UserError(f"{self._path}: ONNX Runtime cannot make it ready on the device {device}: {_first_line(error)}") from error


def _runs_on(session, device: str) -> bool:
    return session.get_providers()[0] == PROVIDERS[device]


def _faults() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its exceptions have no common base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return RuntimeError, ValueError, *(error for error in vars(state).values() if isinstance(error, type) and issubclass(error, Exception))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
