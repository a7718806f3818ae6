# SPDX-License-Identifier: Apache-2.0
"""How many threads numeric libraries use: settings that each reads once, when it is imported."""

import os
from collections.abc import MutableMapping


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count() -> int:
    """How many threads a network takes: what OMP_NUM_THREADS says, or one a core that this process may use."""
    return int(os.environ.get("OMP_NUM_THREADS") or usable_cores())


def set_thread_counts(environment: MutableMapping[str, str]) -> None:
    """Sets in `environment` what a person has not: one OpenMP thread a core, one OpenCV thread.

    Commands call it for themselves, before they import Paddle or OpenCV, and for the processes that they start. A program that imports
    this package as a library keeps its own environment.
    """
    # OpenMP would otherwise use one thread.
    environment.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    # Waiting threads give their core to the decoder and to other programs.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # OpenCV's small networks and pictures gain nothing from a second thread, which the networks beside them need.
    environment.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    environment.setdefault("GLOG_minloglevel", "2")
