# SPDX-License-Identifier: Apache-2.0
"""The one kind of error that is the user's to mend."""

import errno

from .addresses import clean_text
from .printable import printable


class UserError(Exception):
    """A mistake, or a fault outside the program. The message says what was expected, what was found and what to do.

    Entry scripts print it as one line on standard error and exit with code 2. Any other error is our own fault and shows its traceback.
    The text contains no password of an address, and no control characters for a terminal.

    >>> from cfc_sp import UserError
    >>> try:
    ...     recognizer.video("no.mp4")
    ... except UserError as error:
    ...     print("no.mp4" in str(error))
    True
    """

    def __str__(self) -> str:
        return printable(clean_text(super().__str__()))


class NetworksEndedError(UserError):
    """The process that runs the networks was ended, whatever it was working on: another one may well do it."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The numbers of an OSError where a disk is full, or a file may grow no more."""

# What the loader of libraries, C++, Paddle and the C library say where memory or threads cannot be had.
_LACKS_OF_MEMORY = (
    *("failed to map segment", "cannot allocate memory", "bad_alloc", "fail to alloc", "resourceexhausted", "out of memory"),
    *("can't start new thread", "resource temporarily unavailable"),
)


def shortage(error: BaseException) -> str | None:
    """What to tell of an error that says that memory or open files ran out, as libraries say it in their own ways; None of others."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "expected to open more files than this process may: close other programs, or raise its limit (ulimit -n)"
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _LACKS_OF_MEMORY):
        return "expected more memory than there is for this process: close other programs, or raise its limit (ulimit -v)"
    return None
