"""Image classification on PaddlePaddle: backbones, and the CFC-SP facial expression system built from them."""

import os

# Paddle reads these once, when it is first imported. OpenMP would otherwise use one thread; oneDNN nearly doubles a static program's speed on the CPU.
_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
os.environ.setdefault("OMP_NUM_THREADS", str(_CPUS))
os.environ.setdefault("FLAGS_use_mkldnn", "1")
os.environ.setdefault("GLOG_minloglevel", "2")
