# SPDX-License-Identifier: Apache-2.0
"""The C library's malloc, set up for networks."""

import ctypes
import platform

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Makes this process keep the memory it frees, for its next step; does nothing where the C library is not glibc.

    glibc gives every block of more than 32 MB, as large activations are, back to the kernel, which fills it with zeros for the next step:
    115,000 page faults a step of `lite_repvgg_flat`, a sixth of its time on two cores, and as much of that of `hrnet_lite` in eager mode;
    two thirds of the time of `mobilenet_face` at 96 px, trained or run in batches of 32. Memory rises by 15 %.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)


def share_one_arena() -> None:
    """Makes the threads of this process, from now on, share its first arena, so that `keep_freed_memory` holds for them too.

    A thread's own arena goes back to the kernel all the same, 64 MB at a time: a third of a training step beside teachers. Not where
    memory must stay flat: what frames and batches leave behind them in one arena adds up.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def return_freed_memory() -> None:
    """Gives what was freed back to the kernel; does nothing where the C library is not glibc. Pieces of large pictures would stay."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
