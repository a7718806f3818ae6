# SPDX-License-Identifier: Apache-2.0
"""What the server counts, for Prometheus."""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class ServerMetrics:
    """Counters of one server."""

    def __init__(self):
        self._registry = CollectorRegistry()
        ProcessCollector(namespace="cfc_sp", pid=os.getpid, registry=self._registry)
        counter = self._counter
        self.requests = counter("requests", "answered requests, by route, method and status code", "route", "method", "status")
        self.clips = counter("clips", "clips that ended: done, failed or cancelled", "outcome")
        self.restarts = counter("worker_restarts", "worker processes that ended and were replaced")
        self.frames = counter("stream_frames", "frames of streams: answered, dropped for a later one, or refused", "outcome")
        self.clip_seconds = self._histogram("clip_seconds", "from the begin of the work on a clip to its end")
        self.picture_seconds = self._histogram("picture_seconds", "from a picture's arrival to its answer")
        self.frame_seconds = self._histogram("stream_frame_seconds", "from a frame's arrival to its answer")

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Adds a value that is looked up whenever it is asked for."""
        Gauge(f"cfc_sp_{name}", meaning, registry=self._registry).set_function(value)

    def clip_ended(self, outcome: str, seconds: float) -> None:
        """Counts a clip."""
        self.clips.labels(outcome).inc()
        self.clip_seconds.observe(seconds)

    def text(self) -> bytes:
        """All of it, in Prometheus' format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cfc_sp_{name}", meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"cfc_sp_{name}", meaning, registry=self._registry, buckets=_SECONDS)
