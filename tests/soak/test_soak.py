# SPDX-License-Identifier: Apache-2.0
"""A day's work in an hour: `make soak`, with MINUTES and SEED to choose."""

import gc
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from image_classification.CFC_SP.prediction.recognizer import Recognizer
from tests.leftovers import open_files
from tests.soak.acts import ACTS, Desk, sessions

# What the first rounds take for good: libraries, pools of memory.
WARM_ROUNDS, MOST_GROWN = 3, 64 << 20
FIRST_LOOKS, MOST_LOOKS = 5, 100
_WITHOUT_NUMBER = re.compile(r"\W*\d+\W*")


def holdings() -> Counter[str]:
    """What this process holds, by kind: how many threads of each name, and open files by what they are."""
    gc.collect()
    threads = (_WITHOUT_NUMBER.sub("", thread.name) for thread in threading.enumerate())
    # Pipes and sockets have a number instead of a name.
    files = (_WITHOUT_NUMBER.sub("", target) for _, target in open_files())
    return Counter([*(f"thread {name}" for name in threads), *(f"file {name}" for name in files)])


def steady() -> Counter[str]:
    """What is held at each of some looks."""
    held = holdings()
    for _ in range(FIRST_LOOKS):
        time.sleep(0.1)
        held &= holdings()
    return held


def lasting(first: Counter[str]) -> Counter[str]:
    """What is held beyond `first`, and still is when looked at again: a thread opens a file, or ends, in its own time."""
    for _ in range(MOST_LOOKS):
        if not (more := holdings() - first):
            break
        time.sleep(0.1)
    return more


def memory() -> int:
    """Bytes of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) << 10


@pytest.mark.soak
def test_a_day_s_work_loses_nothing_and_leaves_nothing(tmp_path):
    minutes, seed = float(os.environ.get("MINUTES", 60)), int(os.environ.get("SEED", 0))
    desk, done, wrong = Desk(tmp_path, seed), Counter(), []
    begin, first, first_memory = time.monotonic(), None, 0
    # Each of them once, and then as chance has it.
    acts = desk.draw.sample(ACTS, len(ACTS))
    with Recognizer(device="cpu") as recognizer:
        while time.monotonic() - begin < 60 * minutes:
            number = done.total()
            act = acts[number] if number < len(acts) else desk.draw.choice(ACTS)
            for problem, name in ((act(desk), act.__name__), (sessions(desk, recognizer), "sessions")):
                wrong += [f"round {number}, {name}: {problem}"] if problem else []
            done[act.__name__] += 1
            if done.total() == WARM_ROUNDS:
                first, first_memory = steady(), memory()
            elif first is not None and (more := lasting(first)):
                wrong.append(f"round {number}, {act.__name__}: also holds {dict(more)}")
                # Told once.
                first += more
            if first is not None and memory() > first_memory + MOST_GROWN:
                wrong.append(f"round {number}: {memory() >> 20} MB, at first {first_memory >> 20} MB")
    print(f"\n{minutes:g} minutes, SEED={seed}: {dict(done)}; memory {first_memory >> 20} -> {memory() >> 20} MB")
    assert not wrong, "\n".join(wrong)
