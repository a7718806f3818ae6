# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from image_classification.CFC_SP.behaviour.measured_clip import read_clip
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.support.errors import UserError
from tests.faces import face_of, labelled


def test_a_frame_lasts_until_the_next_one(write_results):
    times = (0.0, 1.0, 3.0, 3.5)
    results = [replace(result, time_s=time_s) for result, time_s in zip(labelled(["Neutral", "Anger", None, "Fear"]), times, strict=True)]
    clip = read_clip(write_results("a", results, fps=4))
    (track,) = clip.tracks
    assert (clip.name, clip.frame_s, track.places.tolist(), track.seconds.tolist()) == ("a", 0.25, [0, 1, 3], [1.0, 2.0, 0.25])
    assert [EXPR[label] for label in track.labels] == ["Neutral", "Anger", "Fear"]
    assert [(s.start_s, s.end_s, s.label) for s in track.segments] == [(0, 1, "Neutral"), (1, 3, "Anger"), (3.5, 3.75, "Fear")]


def test_tracks_come_apart_and_a_clip_may_have_none(write_results):
    results = [FrameResult(i, i / 10, (face_of("Anger", 1), face_of("Fear", 2))) for i in range(3)]
    assert [(track.number, len(track.segments)) for track in read_clip(write_results("two", results)).tracks] == [(1, 1), (2, 1)]
    assert read_clip(write_results("none", labelled([None, None]))).tracks == ()
    assert read_clip(write_results("empty", [])).tracks == ()


def test_unrelated_pictures_have_no_time(write_results):
    assert read_clip(write_results("faces", [], codec="pictures")) is None


def test_results_of_another_version_are_told(write_results):
    folder = write_results("a", labelled(["Anger"]))
    text = (folder / "result.json").read_text()
    (folder / "result.json").write_text(text.replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(UserError, match="expected a result of version 1 at .*, found version 2: predict the clip again"):
        read_clip(folder)
    (folder / "result.json").write_text(text[:-5])
    with pytest.raises(UserError, match="expected a whole result.json"):
        read_clip(folder)


@pytest.mark.parametrize("name", ["frames.csv", "result.json"])
def test_a_clip_that_was_predicted_without_a_file_is_told_which(write_results, name):
    folder = write_results("a", labelled(["Anger"]))
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"^expected {name} in a folder of results, found none in .*: predict with -formats csv,json$"):
        read_clip(folder)
