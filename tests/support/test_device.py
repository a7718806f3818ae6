# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import paddle
import pytest

from image_classification.CFC_SP.support.device import select_device
from image_classification.CFC_SP.support.errors import UserError


def test_the_cpu_is_always_there():
    assert select_device("cpu") == "cpu" and paddle.get_device() == "cpu"


def test_an_unknown_device_lists_the_known_ones():
    with pytest.raises(UserError, match="unknown device 'tpu': expected one of auto, cpu, gpu"):
        select_device("tpu")


@pytest.mark.skipif(paddle.is_compiled_with_cuda(), reason="this Paddle is built for GPUs")
def test_a_gpu_that_is_not_there_is_told():
    with pytest.raises(UserError, match="-device gpu needs a GPU and paddlepaddle-gpu, found a Paddle built for the CPU alone"):
        select_device("gpu")
    assert select_device("auto") == "cpu"


def test_paddle_comes_without_its_greetings_and_leaves_the_loggers_alone():
    script = """
import logging
logging.basicConfig(level=logging.ERROR)
before = list(logging.root.handlers)
from image_classification.CFC_SP.support import device
assert logging.root.level == logging.ERROR and logging.root.handlers == before
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
