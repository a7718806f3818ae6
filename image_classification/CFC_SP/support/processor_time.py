# SPDX-License-Identifier: Apache-2.0
"""How much other processes have computed. A limit that counts it, not time, is as just on a busy machine as on an idle one."""

import os
import time
from pathlib import Path


def computed_s(process: int) -> float:
    """Seconds of processor time that a process and all below it have used; where the platform does not tell, those of the clock."""
    if not os.path.isdir("/proc/self/task"):
        return time.monotonic()
    total = 0.0
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        below = [child for task in Path(f"/proc/{process}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        # It, or a thread of it, has just ended.
        return total
    return total + sum(computed_s(int(child)) for child in below)
