# SPDX-License-Identifier: Apache-2.0
"""What a run says at its end."""

from dataclasses import replace

import pytest

from image_classification.CFC_SP.core.records import PICTURES, FrameResult, Source
from image_classification.CFC_SP.prediction.closing_summary import describe
from tests.faces import face_of
from tests.predicting import run
from tests.summaries import summary_of


@pytest.mark.usefixtures("loaded_once")
@pytest.mark.parametrize(("words", "out", "columns"), [(["-q"], 0, 40), ([], 4, 40), (["-v"], 7, 40), ([], 4, 1)])
def test_how_much_is_said(clip, tmp_path, capsys, monkeypatch, words, out, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("-video", clip, "-formats", "csv", *words, out=tmp_path) == 0
    said = capsys.readouterr()
    lines = [line for line in said.out.splitlines() if "frames.csv" not in line]
    assert (len(lines) >= out if out else not said.out) and not said.err
    assert all(len(line) <= 40 for line in lines)


@pytest.mark.parametrize(("codec", "fps", "rates"), [("h264", None, 2), (PICTURES, 25.0, 2), (PICTURES, None, 0)])
def test_unrelated_pictures_follow_each_other_at_no_rate(codec, fps, rates):
    summary = replace(summary_of(Source("faces", codec, 64, 48, fps or 1.0, 1.0), []), options={"fps": fps})
    said = describe(summary, [], details=True)
    assert said.count("frames/s") == rates and "2.0 s" in said and "64 x 48" in said


def test_a_clip_without_a_face_is_told_once():
    source = Source("a.mp4", "h264", 64, 48, 25.0, 1.0)
    said = describe(replace(summary_of(source, [FrameResult(0, 0.0), FrameResult(1, 0.04)]), warnings=[]), [])
    assert said.startswith("'a.mp4': 2 frames, no face.") and said.count("face") == 1
    with_faces = describe(summary_of(source, [FrameResult(0, 0.0, (face_of("Fear"),)), FrameResult(1, 0.04)]), [])
    assert "1 face in 1 track; 1 frame without a face." in with_faces
