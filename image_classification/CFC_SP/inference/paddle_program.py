# SPDX-License-Identifier: Apache-2.0
"""Static programs on Paddle Inference: they load files and build no network."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..support.errors import UserError, shortage
from ..support.protobuf import message
from ..support.quiet_paddle import paddle
from ..support.temporary import temporary_folder
from ..support.threads import thread_count
from .bundle import Bundle, parameter_names, refusal
from .prelu_slopes import are_misread, packed, slope_names
from .program_check import are_inputs

# Shapes that oneDNN keeps primitives for; it frees none of its own accord.
_ONEDNN_SHAPES = 10
# Passes that put a convolution, its bias and what follows into one call of cuDNN, which has not every such kernel.
_CUDNN_FUSIONS = ("conv2d_add_act_fuse_pass", "conv2d_add_fuse_pass")
# What Paddle raises for operators that do not fit together, when it runs them and already when it loads them.
_MISFITS = (ValueError, TypeError, IndexError, KeyError)
_FAULTS = (*_MISFITS, RuntimeError, SystemError)


class PaddleProgram:
    """One program of a bundle on one device; called with NumPy arrays in the order of its inputs, it returns its outputs as a tuple.

    Not thread-safe. engine is what really runs: "onednn", "onednn bfloat16", "cpu", "gpu" or "gpu unfused". oneDNN fails at random on some
    machines ("could not execute a primitive"), and cuDNN has no kernel for some convolutions that are fused with what follows them: the
    program is then built again without it, once, and `engine` says so. Raises UserError for a program that cannot be loaded or run, and
    where a GPU's memory does not hold a run. What Paddle raises for inputs that no program of a bundle takes stays as it is.
    """

    def __init__(self, bundle: Bundle, name: str, device: str = "cpu", onednn: bool = True, bfloat16: bool = False):
        self.name, self.device, self._bundle = name, device, bundle
        self.engine = device if device != "cpu" else "cpu" if not onednn else "onednn bfloat16" if bfloat16 else "onednn"
        self.fell_back = False
        self._predictor = self._build()

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        try:
            return self._run(arrays)
        except (RuntimeError, OSError) as error:
            plainer = plainer_engine(self.engine, str(error))
            if plainer is None:
                raise
            self.engine, self.fell_back = plainer, True
            self._predictor = self._build()
            return self._run(arrays)
        except MemoryError as error:
            if not self.engine.startswith("gpu"):
                raise
            raise UserError(
                f"the GPU's memory is too small for {self.name}: end other programs that use it, export the bundle with a smaller -batch, "
                "or use -device cpu"
            ) from error

    def _run(self, arrays):
        inputs = dict(zip(self._predictor.get_input_names(), arrays, strict=True))
        for name, array in inputs.items():
            self._predictor.get_input_handle(name).copy_from_cpu(np.ascontiguousarray(array))
        try:
            self._predictor.run()
        except _MISFITS as error:
            if not are_inputs(inputs, self._bundle.manifest["crop"]["size"]):
                raise
            raise self._refusal(error) from error
        return tuple(self._predictor.get_output_handle(name).copy_to_cpu() for name in self._predictor.get_output_names())

    def _refusal(self, error: Exception) -> Exception:
        if shortage(error):
            return MemoryError(str(error))
        # Of Paddle's report the line that says what is wrong.
        lines = [line.strip() for line in str(error).splitlines() if "Error:" in line] or [type(error).__name__]
        return refusal(self._bundle.folder / f"{self.name}.json", f"it cannot be run: {lines[-1][:200]}")

    def _build(self):
        with program_files(self._bundle, self.name, self.engine == "onednn bfloat16") as (structure, parameters):
            config = paddle.inference.Config(str(structure), str(parameters))
            config.disable_glog_info()
            if self.engine.startswith("gpu"):
                config.enable_use_gpu(256, 0)
                for fusion in _CUDNN_FUSIONS if self.engine == "gpu unfused" else ():
                    config.delete_pass(fusion)
            else:
                config.set_cpu_math_library_num_threads(thread_count())
                if self.engine.startswith("onednn"):
                    config.enable_mkldnn()
                    config.set_mkldnn_cache_capacity(_ONEDNN_SHAPES)
                    if self.engine == "onednn bfloat16":
                        config.enable_mkldnn_bfloat16()
                else:
                    config.disable_mkldnn()
            try:
                return paddle.inference.create_predictor(config)
            except _FAULTS as error:
                raise self._refusal(error) from error


def plainer_engine(engine: str, error: str) -> str | None:
    """What to run a program on that failed with `error` on `engine`; None where the error is none that another build gets round."""
    if engine.startswith("onednn") and "primitive" in error:
        return "cpu"
    if engine == "gpu" and "CUDNN" in error and "NOT_SUPPORTED" in error:
        return "gpu unfused"
    return None


@contextmanager
def program_files(bundle: Bundle, name: str, bfloat16: bool = False) -> Iterator[tuple[Path, Path]]:
    """A program and its parameters as the two temporary files, (`.json`, `.pdiparams`), from which alone Paddle's tools read them.

    bfloat16: whether oneDNN is to compute it so.
    """
    structure = bundle.program(name)
    parameters = bundle.parameters(parameter_names(structure))
    slopes = slope_names(structure) if bfloat16 else set()
    if slopes and are_misread():
        parameters |= {slope: packed(parameters[slope]) for slope in slopes}
    with temporary_folder() as folder:
        paths = Path(folder, f"{name}.json"), Path(folder, f"{name}.pdiparams")
        paths[0].write_bytes(structure)
        write_parameters(paths[1], list(parameters.values()))
        yield paths


def write_parameters(path: Path, arrays: list[np.ndarray]) -> None:
    """Writes float32 arrays in Paddle's combined format (`.pdiparams`): for each a header, a protobuf TensorDesc, the bytes."""
    with open(path, "wb") as file:
        for array in arrays:
            description = message([(1, 5), *((2, extent) for extent in array.shape)])
            file.write(struct.pack("<IQIi", 0, 0, 0, len(description)) + description + array.astype("<f4").tobytes())
