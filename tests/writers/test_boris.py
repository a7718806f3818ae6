# SPDX-License-Identifier: Apache-2.0
"""BORIS projects, paired as BORIS does it, and as another library reads them."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from image_classification.CFC_SP.core.annotation import Interval
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.boris import read_boris, write_boris
from tests.writers.annotations import MADE_UP


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "out" / "segments.boris"
    path.parent.mkdir()
    write_boris(path, replace(MADE_UP, media=str(tmp_path / "clip one.mp4"), fps=25.0))
    return path


def test_what_was_written_is_read_back(written):
    found = read_boris(written)
    assert found.intervals == MADE_UP.intervals and found.media == "../clip one.mp4" and found.end_s == MADE_UP.end_s


def test_events_pair_as_in_boris(written):
    """Of the events of one subject, behaviour and modifier every second one is a STOP."""
    project = json.loads(written.read_text(encoding="utf-8"))
    assert project["project_format_version"] == "7.0"
    assert [own["name"] for own in project["subjects_conf"].values()] == ["track 1", "track 2", "track 10"]
    assert [(own["code"], own["type"]) for own in project["behaviors_conf"].values()] == [(label, "State event") for label in EXPR]
    (observation,) = project["observations"].values()
    assert observation["type"] == "MEDIA" and observation["file"]["1"] == ["../clip one.mp4"]
    assert observation["media_info"]["fps"] == {"../clip one.mp4": 25.0}
    events = observation["events"]
    assert all(before[0] <= after[0] for before, after in pairwise(events))
    open_since, bouts = {}, []
    for time_s, subject, code, modifier, _, _ in events:
        if (start_s := open_since.pop((subject, code, modifier), None)) is None:
            open_since[subject, code, modifier] = time_s
        else:
            bouts.append((start_s, time_s, subject, code))
    assert not open_since
    assert sorted(bouts) == sorted((i.start_s, i.end_s, f"track {i.track}", i.label) for i in MADE_UP.intervals)


def test_another_library_reads_the_same(written):
    parse = pytest.importorskip("boris_clip.parse", reason="boris-clip is not installed")
    (observation,) = parse.parse_boris_file(written)
    found = [(bout.start, bout.stop, bout.subject, bout.behaviour) for bout in observation.bouts]
    assert sorted(found) == sorted((i.start_s, i.end_s, f"track {i.track}", i.label) for i in MADE_UP.intervals)
    assert (observation.media_filename, observation.fps, observation.duration) == ("clip one.mp4", 25.0, MADE_UP.end_s)


def test_a_recording_without_a_video_is_live(tmp_path):
    write_boris(tmp_path / "a.boris", MADE_UP)
    project = json.loads((tmp_path / "a.boris").read_text(encoding="utf-8"))
    assert project["observations"]["recording"]["type"] == "LIVE"
    assert {len(event) for event in project["observations"]["recording"]["events"]} == {5}
    assert read_boris(tmp_path / "a.boris").intervals == MADE_UP.intervals


def project(**changes) -> dict:
    observation = {
        "file": {"1": ["C:\\clips\\walk.mp4"]},
        "type": "MEDIA",
        "events": [
            [3.5, "", "smile", "", ""],
            [1.0, "Ann", "smile", "", "x"],
            [2.0, "Ann", "smile", "", ""],
            [2.5, "Ann", "blink", "", ""],
            [4.5, "", "smile", "", ""],
        ],
    }
    behaviours = {"0": {"code": "smile", "type": "State event"}, "1": {"code": "blink", "type": "Point event"}}
    return {"project_format_version": "7.0", "behaviors_conf": behaviours, "observations": {"one": observation | changes}}


def test_a_project_of_a_person_is_read(tmp_path):
    (tmp_path / "a.boris").write_text(json.dumps(project()), encoding="utf-8")
    found = read_boris(tmp_path / "a.boris")
    assert found.intervals == (Interval("Ann", 1.0, 2.0, "smile"), Interval("", 3.5, 4.5, "smile"))
    assert found.media == "C:\\clips\\walk.mp4"


def test_of_several_observations_the_clip_s_is_read(tmp_path):
    two = project()
    two["observations"]["two"] = project(file={"1": ["/x/run.mp4"]}, events=[])["observations"]["one"]
    (tmp_path / "a.boris").write_text(json.dumps(two), encoding="utf-8")
    assert len(read_boris(tmp_path / "a.boris", "walk").intervals) == 2
    assert not read_boris(tmp_path / "a.boris", "two").intervals and not read_boris(tmp_path / "a.boris", "run").intervals
    with pytest.raises(UserError, match="expected one observation of the clip 'swim', found 'one', 'two'"):
        read_boris(tmp_path / "a.boris", "swim")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "Expecting value"),
        (json.dumps(project())[:300], "delimiter|Unterminated|Expecting"),
        ("[]", "list"),
        ("[" * 100_000, "recursion|Expecting"),
        (json.dumps({"observations": {}}), "'behaviors_conf' is missing"),
        (json.dumps(project(events=[[1.0, "Ann", "smile", "", ""]])), "'smile' of 'Ann' begins and never ends"),
        (json.dumps(project(events=[["soon", "Ann", "smile", "", ""]])), "could not convert"),
        (json.dumps(project(events=[[1.0]])), "unpack"),
        (json.dumps(project(**{"time offset": 5.0})), "time offset"),
        (json.dumps(project(events=[[float("nan"), "", "smile", "", ""]] * 2)), "ends after it begins"),
    ],
)
def test_what_is_no_whole_project_is_told(tmp_path, content, told):
    (tmp_path / "a.boris").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"a.boris: expected a whole BORIS project, found none .*({told})"):
        read_boris(tmp_path / "a.boris")
