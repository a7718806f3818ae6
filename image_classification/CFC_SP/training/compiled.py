# SPDX-License-Identifier: Apache-2.0
"""A trained network's logits, fast: what validation and the teachers of distillation run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import paddle
from paddle import inference

from ..support.temporary import temporary_folder
from ..support.threads import thread_count

# oneDNN prepares a program for each shape again, so every batch is filled up to one size.
BATCH = 128


def compile_network(model, device: str, batch: int = BATCH) -> Callable[[np.ndarray], np.ndarray]:
    """A function from uint8 crops [N, S, S, 3], N at most `batch`, to the logits float32 [N, C] of `model`, an ExpressionNet, in
    evaluation mode with the weights it has now.

    On the CPU it is a static program with oneDNN, several times as fast as eager mode. A RepVGG in `model` is fused by that: give a
    copy of a network that goes on training.
    """
    model.eval()
    return _eager(model) if device == "gpu" else _program(model, batch)


def _eager(model):
    def run(crops):
        with paddle.no_grad():
            return model(paddle.to_tensor(crops)).astype("float32").numpy()

    return run


def _program(model, batch: int):
    if hasattr(model.backbone, "fuse"):
        model.backbone.fuse()
    size = model.preprocess.crop_size
    with temporary_folder() as folder:
        path = Path(folder, "network")
        paddle.jit.save(model, str(path), input_spec=[paddle.static.InputSpec([None, size, size, 3], "uint8", "crops")])
        settings = inference.Config(f"{path}.json", f"{path}.pdiparams")
        settings.disable_glog_info()
        settings.set_cpu_math_library_num_threads(thread_count())
        settings.enable_mkldnn()
        predictor = inference.create_predictor(settings)
    (name,), (output,) = predictor.get_input_names(), predictor.get_output_names()

    # A thread of its own: a predictor leaves oneDNN's state in its thread changed, and a training program there computes otherwise after
    # it, so that a run with a validation behind it and one resumed from a checkpoint part in the last bits (Paddle 3.3.1).
    thread = ThreadPoolExecutor(1, "compiled network")

    def run(crops):
        return thread.submit(run_here, crops).result()

    def run_here(crops):
        full = np.zeros((batch, *crops.shape[1:]), np.uint8)
        full[: len(crops)] = crops
        predictor.get_input_handle(name).copy_from_cpu(full)
        predictor.run()
        return predictor.get_output_handle(output).copy_to_cpu()[: len(crops)]

    return run
