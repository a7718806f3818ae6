# SPDX-License-Identifier: Apache-2.0
"""The processes that train one network together: who is who, and sums over them (gloo between CPUs, NCCL between GPUs)."""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import distributed, nn

from .device import select_device
from .errors import UserError


@dataclass(frozen=True)
class Group:
    """Process `rank` of `size`; the default is a process that trains alone. Every process must call `sum` equally often."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def sum(self, array: np.ndarray) -> np.ndarray:
        """The sum of the processes' arrays of one shape and dtype, the same in all of them."""
        if self.size == 1:
            return array
        tensor = paddle.to_tensor(array)
        distributed.all_reduce(tensor)
        return tensor.numpy()

    def mean(self, value: float) -> float:
        """The mean of the processes' values."""
        return float(self.sum(np.array([value]))[0]) / self.size

    def share(self, array: np.ndarray) -> np.ndarray:
        """The part of `array` [N, ...] that falls to this process; N is a multiple of `size`."""
        return np.split(array, self.size)[self.rank]

    def parallel(self, model: nn.Layer) -> nn.Layer:
        """`model`, with gradients averaged over the processes after each backward pass."""
        return model if self.size == 1 else paddle.DataParallel(model)


ALONE = Group()


def was_launched() -> bool:
    """Whether `python -m paddle.distributed.launch` started this process as one of several."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", 1)) > 1


def join_group(device: str) -> Group:
    """The group that this process's environment describes; makes Paddle use the process's own "gpu", or the "cpu"."""
    if device == "cpu":
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"
    with warnings.catch_warnings(action="ignore"):
        distributed.init_parallel_env()
    select_device(device)
    return Group(distributed.get_rank(), distributed.get_world_size())


def run_together(work: Callable, device: str, processes: int = 0) -> None:
    """`work(group=...)` in `processes` processes on this machine, one for each visible GPU by default; returns when all are done.

    device: "cpu" or "gpu". The first process that fails ends the others. Raises its UserError, or an Exception with its traceback.
    """
    available = paddle.device.cuda.device_count() if device == "gpu" else 0
    processes = processes or available
    if processes < 2:
        raise UserError(
            f"expected two GPUs or more, found {available}: train on one device with `cfc-sp train`, or give -processes N with -device cpu"
        )
    if device == "gpu" and processes > available:
        raise UserError(f"-processes {processes}: expected a GPU for each, found {available}")
    mistakes = multiprocessing.get_context("spawn").SimpleQueue()
    backend = "gloo" if device == "cpu" else "nccl"
    # The new processes import Paddle before anything of ours can hush it.
    os.environ["PYTHONWARNINGS"] = "ignore:No ccache found"
    with warnings.catch_warnings(action="ignore"):
        members = distributed.spawn(_member, (work, device, mistakes), nprocs=processes, join=False, daemon=True, backend=backend)
    try:
        while not members.join():
            pass
    except Exception:
        if mistakes.empty():
            raise
        raise UserError(mistakes.get()) from None


def _member(work, device, mistakes) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(group=join_group(device))
    except UserError as error:
        mistakes.put(str(error))
        sys.exit(1)


def _end_with_parent() -> None:
    # A parent that is killed cannot end its children; they would go on writing.
    multiprocessing.parent_process().join()
    os._exit(1)
