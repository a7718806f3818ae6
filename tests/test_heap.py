import subprocess
import sys

COUNT = """
import resource
import numpy as np
from image_classification.CFC_SP.heap import keep_freed_memory
if {keep}:
    keep_freed_memory()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.full(2**24, 1.0, np.float32)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_memory_once_freed_is_used_again_without_a_page_fault():
    faults = [int(subprocess.check_output([sys.executable, "-c", COUNT.format(keep=keep)], text=True)) for keep in (False, True)]
    # 32 pages where they are huge, 16,384 where they are not. Where the second fails, glibc has come to do it by itself.
    assert faults[1] < 10
    assert faults[0] > 20
