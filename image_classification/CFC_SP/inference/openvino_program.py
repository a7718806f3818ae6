# SPDX-License-Identifier: Apache-2.0
"""A network program on OpenVINO, from its ONNX form: called as `PaddleProgram` is."""

import numpy as np

from ..support.errors import UserError
from ..support.packages import import_package
from ..support.threads import thread_count
from .onnx_files import OnnxFile


class OpenVinoProgram:
    """An ONNX model of a program on the CPU; called with NumPy arrays in the order of its inputs, it returns its outputs as a tuple.

    Not thread-safe. engine: "openvino" or "openvino bfloat16". Raises UserError where OpenVINO is not installed, and for a model that
    it cannot compute.
    """

    fell_back, device = False, "cpu"

    def __init__(self, model: OnnxFile, bfloat16: bool = False, threads: int | None = None):
        self.name, self.engine = model.name, "openvino bfloat16" if bfloat16 else "openvino"
        core = import_package("openvino", "-engine openvino").Core()
        settings = {
            # Said in either case: by itself OpenVINO takes bfloat16 wherever the CPU has it.
            "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads or thread_count(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        try:
            self._request = core.compile_model(core.read_model(model.path), "CPU", settings).create_infer_request()
        except RuntimeError as error:
            lines = [line for line in str(error).splitlines() if line.strip()] or ["no reason given"]
            raise UserError(f"{model.path}: OpenVINO cannot load it: {lines[-1][:200]}") from error

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs = self._request.infer([np.ascontiguousarray(array) for array in arrays])
        # Copies, since the next run writes into the same memory.
        return tuple(np.array(value) for value in outputs.values())


def openvino_has_bfloat16() -> bool:
    """Whether OpenVINO would multiply in bfloat16 on this CPU."""
    return "BF16" in import_package("openvino", "-engine openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
