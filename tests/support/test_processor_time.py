# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys

from image_classification.CFC_SP.support.processor_time import computed_s
from tests.events import wait_until


def test_what_a_process_and_those_below_it_computed_is_counted():
    busy = "while True: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], start_new_session=True) as process:
        try:
            # Far more than a start takes: it is that of the busy one below, while the parent only waits.
            wait_until(lambda: computed_s(process.pid) > 0.3, process)
        finally:
            os.killpg(process.pid, 9)
    assert computed_s(process.pid) == 0.0
