# SPDX-License-Identifier: Apache-2.0
"""Paddle, without its warnings that a person can do nothing about, and without its signal handlers.

Import it before anything else that imports Paddle. Raises UserError where Paddle is not installed, and where two of them are: they
share one folder, and what lies in it is of the one that was installed last.
"""

import io
import logging
import os
import warnings
from contextlib import redirect_stderr

from .errors import UserError
from .home import writable_home
from .packages import import_package, installed_version
from .threads import set_thread_counts

if installed_version("paddlepaddle") and installed_version("paddlepaddle-gpu"):
    raise UserError(
        "expected one Paddle, found paddlepaddle and paddlepaddle-gpu, which overwrite each other's files: "
        "pip uninstall both, then install the one that you want"
    )
set_thread_counts(os.environ)
_logging = logging.root.level, list(logging.root.handlers)
with writable_home(), redirect_stderr(io.StringIO()), warnings.catch_warnings(action="ignore"):
    paddle = import_package("paddle")
# Paddle sets up the root logger as it likes, and its signal handlers turn Ctrl-C and a broken pipe into a stack dump.
logging.root.setLevel(_logging[0])
logging.root.handlers[:] = _logging[1]
paddle.disable_signal_handler()
warnings.filterwarnings("ignore", message="Tensor do not have 'place' interface")
warnings.filterwarnings("ignore", message="When training, we now always track global mean and variance")
