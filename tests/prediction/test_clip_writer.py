# SPDX-License-Identifier: Apache-2.0
"""A clip's files: what is decided is delivered, whatever becomes of what is drawn."""

import numpy as np
import pytest

from image_classification.CFC_SP.prediction.clip_search import Clip
from image_classification.CFC_SP.prediction.many_clips import ClipTask, write_clips
from image_classification.CFC_SP.prediction.options import ClipOptions
from tests import clips
from tests.predicting import json_of, rows_of

pytestmark = pytest.mark.usefixtures("loaded_once")


def test_a_disk_that_fills_up_during_the_video_costs_no_rows(tmp_path, capsys, recognizer):
    resource = pytest.importorskip("resource", reason="needs file size limits")
    noise = np.random.default_rng(0).integers(0, 256, (20, 256, 256, 3), np.uint8)
    clip = clips.write_clip(tmp_path / "clip.mp4", list(noise))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        assert write_clips(recognizer, [Clip(clip, "clip")], ClipTask(tmp_path / "out", ("csv", "json", "mp4"), ClipOptions())) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "File too large" in capsys.readouterr().err
    folder = tmp_path / "out" / "clip"
    assert {path.name for path in folder.iterdir()} == {"frames.csv", "result.json"}
    assert len(rows_of(folder)) == len(json_of(folder)["rows"]) == 20
