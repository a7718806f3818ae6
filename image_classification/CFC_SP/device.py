"""Where the work runs: threads, signal handlers and the choice of CPU or GPU."""

import logging
import os
import warnings

# Two remarks that Paddle makes at every start and that a user can do nothing about.
warnings.filterwarnings("ignore", message="No ccache found")
warnings.filterwarnings("ignore", message="When training, we now always track global mean and variance")
_levels = logging.root.level, list(logging.root.handlers)

import paddle  # noqa: E402

from .errors import UserError  # noqa: E402

logging.root.setLevel(_levels[0])
logging.root.handlers[:] = _levels[1]
# Paddle's own handlers turn a broken pipe or Ctrl-C into a stack dump.
paddle.disable_signal_handler()

THREADS = int(os.environ["OMP_NUM_THREADS"])
DEVICES = ("auto", "cpu", "gpu")


def select_device(wanted: str) -> str:
    """Makes Paddle use `wanted` ("auto", "cpu" or "gpu") and returns the device chosen, "cpu" or "gpu".

    Raises UserError for a GPU that was asked for and cannot be used: never a silent fallback.
    """
    if wanted not in DEVICES:
        raise UserError(f"unknown device {wanted!r}: expected one of {', '.join(DEVICES)}")
    available = paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
    if wanted == "gpu" and not available:
        found = "no GPU" if paddle.is_compiled_with_cuda() else "a Paddle built for the CPU alone"
        raise UserError(f"-device gpu needs a GPU and paddlepaddle-gpu, found {found}: install requirements-gpu.txt or use -device cpu")
    device = "gpu" if available and wanted != "cpu" else "cpu"
    paddle.set_device(device)
    return device
