# SPDX-License-Identifier: Apache-2.0
"""Standard output for data alone."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import BinaryIO


@contextmanager
def standard_output_for_data() -> Iterator[BinaryIO]:
    """Standard output as a binary file; as long as the block lasts, all that this process and its children print goes to standard error."""
    sys.stdout.flush()
    try:
        number = sys.stdout.fileno()
    except io.UnsupportedOperation:
        # One that lives in memory.
        data = sys.stdout.buffer
        with redirect_stdout(sys.stderr):
            yield data
        return
    own = os.dup(number)
    data = os.fdopen(os.dup(number), "wb")
    os.dup2(sys.stderr.fileno(), number)
    try:
        with redirect_stdout(sys.stderr):
            yield data
    finally:
        os.dup2(own, number)
        os.close(own)
        # What a reader that has gone did not take cannot be flushed.
        with suppress(BrokenPipeError):
            data.close()
