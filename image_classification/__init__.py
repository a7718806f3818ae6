"""Image classification on PaddlePaddle: backbones, and the CFC-SP facial expression system built from them."""

import os

# All read once, when Paddle or OpenCV is first imported; OpenMP would otherwise use one thread.
_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
os.environ.setdefault("OMP_NUM_THREADS", str(_CPUS))
# Waiting threads give their core to the decoder and to other programs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# OpenCV's small networks and pictures gain nothing from a second thread, which the networks beside them need.
os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
os.environ.setdefault("GLOG_minloglevel", "2")
