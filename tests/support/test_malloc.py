# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest

COUNT = """
import resource
from threading import Thread
import numpy as np
from image_classification.CFC_SP.support.malloc import keep_freed_memory, share_one_arena
if {keep}:
    keep_freed_memory()
    share_one_arena()
def fill():
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        both = [np.full(2**23, 1.0, np.float32) for _ in "ab"]
        del both
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = Thread(target=fill)
{run}
"""


@pytest.mark.parametrize("run", ["fill()", "thread.start(); thread.join()"])
def test_memory_once_freed_is_used_again_without_a_page_fault(run):
    scripts = (COUNT.format(keep=keep, run=run) for keep in (False, True))
    faults = [int(subprocess.check_output([sys.executable, "-c", script], text=True)) for script in scripts]
    # 32 pages where they are huge, 16,384 where they are not. Where the second fails, glibc has come to do it by itself.
    assert faults[1] < 10
    assert faults[0] > 20
