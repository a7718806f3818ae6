# SPDX-License-Identifier: Apache-2.0
import sys
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.benchmarks import cluster_speed
from tools.benchmarks.cluster_speed import Call, measure, timed_call


def test_a_clip_s_time_holds_no_start_and_few_clips_are_taken_where_time_is_short(monkeypatch, tmp_path):
    calls = []

    def call(clip, count, bundle, workers):
        calls.append((clip.name, count, workers))
        each = (2.0 if clip.name == "a.mp4" else 0.03) / (1, 1, 1.6)[workers]
        return Call(10 * (workers + 1) + count * each, 100.0, 101.0)

    monkeypatch.setattr(cluster_speed, "timed_call", call)
    monkeypatch.setattr(cluster_speed, "import_package", lambda *names: None)
    monkeypatch.setattr(cluster_speed, "first_frame_of", lambda video, target: None)
    asked = SimpleNamespace(video=tmp_path / "a.mp4", bundle="lite", copies=2, tiny=10_000, limit=30.0)
    whole, tiny, many = measure(asked)
    assert [(row["workers_on_ray"], row["ms_a_clip"], row["times_one_process"]) for row in whole] == [
        (0, 2000.0, 1.0),
        (1, 2000.0, 1.0),
        (2, 1250.0, 1.6),
    ]
    assert [(row["clip"], row["clips"], row["ms_a_clip"]) for row in tiny] == [("one frame", 300, ms) for ms in (30.0, 30.0, 18.75)]
    assert [(row["workers_on_ray"], row["clips"], row["ms_a_clip"]) for row in many] == [(2, 1600, 18.75)]
    assert calls[-2:] == [("first.mkv", 300, 2), ("first.mkv", 1600, 2)]


def test_the_call_gets_a_folder_of_links_and_its_failure_is_told(monkeypatch, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"clip")
    program = "import os, sys; names = os.listdir(sys.argv[1]); sys.exit(f'{sorted(names)} {sys.argv[2:]}' if len(names) > 2 else 0)"
    monkeypatch.setattr(cluster_speed, "predict_command", lambda clip, bundle, folder: [sys.executable, "-c", program, str(clip)])
    call = timed_call(tmp_path / "a.mp4", 2, "lite", 0)
    assert call.seconds > 0 and call.end_mb > 0
    with pytest.raises(UserError, match=r"'00000.mp4', '00001.mp4', '00002.mp4'\] .*'-ray', 'auto', '-jobs', '2'"):
        timed_call(tmp_path / "a.mp4", 3, "lite", 2)
