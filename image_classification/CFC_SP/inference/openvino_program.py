"""A network program on OpenVINO, from its ONNX form: called as `PaddleProgram` is."""

import numpy as np

from ..support.errors import UserError
from ..support.threads import thread_count
from .onnx_check import check_model


class OpenVinoProgram:
    """An ONNX model of a program on the CPU; called with NumPy arrays in the order of its inputs, it returns its outputs as a tuple.

    Not thread-safe. engine: "openvino" or "openvino bfloat16". Raises UserError where OpenVINO is not
    installed, and as `check_model`.
    """

    fell_back = False

    def __init__(self, model: bytes, name: str, bfloat16: bool = False, threads: int | None = None):
        self.name, self.engine = name, "openvino bfloat16" if bfloat16 else "openvino"
        check_model(model, name)
        core = import_openvino().Core()
        # Said in either case: by itself OpenVINO takes bfloat16 wherever the CPU has it.
        precision = "bf16" if bfloat16 else "f32"
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads or thread_count(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs = self._request.infer([np.ascontiguousarray(array) for array in arrays])
        # Copies, since the next run writes into the same memory.
        return tuple(np.array(value) for value in outputs.values())


def import_openvino():
    """The module openvino; raises UserError where it is not installed."""
    try:
        import openvino
    except ModuleNotFoundError as error:
        if error.name != "openvino":
            raise
        raise UserError(
            "-engine openvino needs the package openvino, which is not installed: pip install --no-deps openvino, or leave -engine out"
        ) from error
    return openvino
