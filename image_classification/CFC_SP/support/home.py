# SPDX-License-Identifier: Apache-2.0
"""A home folder for libraries that make folders in it as they are imported."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from .temporary import temporary_folder


@contextmanager
def writable_home() -> Iterator[None]:
    """As long as the block lasts, HOME can be written to: it is a temporary folder where the person's own cannot.

    Raises UserError where there is no place for that either.
    """
    try:
        with tempfile.TemporaryFile(dir=os.path.expanduser("~")):
            pass
    except OSError:
        pass
    else:
        yield
        return
    before = os.environ.get("HOME")
    with temporary_folder() as home:
        os.environ["HOME"] = home
        try:
            yield
        finally:
            if before is None:
                del os.environ["HOME"]
            else:
                os.environ["HOME"] = before
