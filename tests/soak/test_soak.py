# SPDX-License-Identifier: Apache-2.0
"""A day's work in an hour: `make soak`, with MINUTES and SEED to choose."""

import gc
import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from image_classification.CFC_SP.prediction.recognizer import Recognizer
from tests.soak.acts import ACTS, Desk, sessions

# What the first rounds take for good: libraries, pools of memory.
WARM_ROUNDS, MOST_GROWN = 3, 64 << 20


def holdings():
    """Open files, threads and children of this process, and its memory in bytes."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    files = len(os.listdir("/proc/self/fd"))
    return (files, threading.active_count()), int(status["VmRSS"].split()[0]) << 10


@pytest.mark.soak
def test_a_day_s_work_loses_nothing_and_leaves_nothing(tmp_path):
    minutes, seed = float(os.environ.get("MINUTES", 60)), int(os.environ.get("SEED", 0))
    desk, done, wrong = Desk(tmp_path, seed), Counter(), []
    begin, first = time.monotonic(), None
    # Each of them once, and then as chance has it.
    acts = desk.draw.sample(ACTS, len(ACTS))
    with Recognizer(device="cpu") as recognizer:
        while time.monotonic() - begin < 60 * minutes:
            number = done.total()
            act = acts[number] if number < len(acts) else desk.draw.choice(ACTS)
            for problem, name in ((act(desk), act.__name__), (sessions(desk, recognizer), "sessions")):
                wrong += [f"round {number}, {name}: {problem}"] if problem else []
            done[act.__name__] += 1
            held, memory = holdings()
            if done.total() == WARM_ROUNDS:
                first = held, memory
            elif first and (held != first[0] or memory > first[1] + MOST_GROWN):
                wrong.append(f"round {number}: holds {held} and {memory >> 20} MB, at first {first[0]} and {first[1] >> 20} MB")
    print(f"\n{minutes:g} minutes, SEED={seed}: {dict(done)}; memory {first and first[1] >> 20} -> {memory >> 20} MB")
    assert not wrong, "\n".join(wrong)
