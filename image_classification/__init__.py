"""Image classification on PaddlePaddle: backbones, and the CFC-SP facial expression system built from them."""

import os

# Read once, when Paddle is first imported; OpenMP would otherwise use one thread.
_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
os.environ.setdefault("OMP_NUM_THREADS", str(_CPUS))
os.environ.setdefault("GLOG_minloglevel", "2")
