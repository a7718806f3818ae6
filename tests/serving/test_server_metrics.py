# SPDX-License-Identifier: Apache-2.0
"""What is counted."""

from image_classification.CFC_SP.serving.server_metrics import ServerMetrics


def test_counters_histograms_and_gauges_are_told():
    metrics = ServerMetrics()
    metrics.gauge("waiting_clips", "clips in the queue", lambda: 3)
    metrics.clip_ended("done", 4.0)
    text = metrics.text().decode()
    for line in ('cfc_sp_clips_total{outcome="done"} 1.0', 'cfc_sp_clip_seconds_bucket{le="5.0"} 1.0', "cfc_sp_waiting_clips 3.0"):
        assert line in text
    assert ServerMetrics().text(), "two servers in one process count apart"
