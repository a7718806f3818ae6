# SPDX-License-Identifier: Apache-2.0
"""Every format that is written is read back, and says what the result says."""

import csv
import json
import re
from dataclasses import replace

import pysubs2
import pytest

from image_classification.CFC_SP.core.annotation import annotation_of
from image_classification.CFC_SP.core.records import Source
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.annotation_files import WRITERS, write_annotation_files
from image_classification.CFC_SP.writers.annotation_reading import read_annotation
from image_classification.CFC_SP.writers.output import FILES, OutputFolder
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter
from tests.summaries import summary_of


@pytest.fixture
def folder(tmp_path, make_results):
    """The files of a clip whose first frame has a time of its own, and its summary."""
    results = make_results(30, faces=(1, 1, 2, 2, 2, 0), times=[0.5 + 0.04 * i for i in range(30)])
    summary = summary_of(Source("clip.mp4", "h264", 320, 240, 25.0, 1.2, start_s=0.5), results)
    summary = replace(summary, options={"start_s": None, "end_s": None, "stride": 1})
    with OutputFolder(tmp_path, "clip", ["csv", "json", *WRITERS]) as output:
        with CsvWriter(output.part("csv")) as writer:
            for result in results:
                writer.write(result)
        write_json(output.part("json"), summary, results)
        write_annotation_files(output, summary)
    return output.path, summary


def said(annotation) -> list[tuple]:
    return sorted((i.track, i.start_s, i.end_s, i.label) for i in annotation.intervals)


@pytest.mark.parametrize("name", ["csv", "json", *WRITERS])
def test_a_written_format_says_what_the_segments_say(folder, name):
    path, summary = folder
    expected = annotation_of(summary)
    assert len(expected.intervals) > 20 and expected.intervals[0].start_s == 0.5, "the time of the first frame is kept"
    assert said(read_annotation(path / FILES[name])) == said(expected)


def runs_of(path) -> list[tuple]:
    """What frames.csv says, run by run: a loop that knows nothing of segments."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = sorted({float(row["time_s"]) for row in rows})
    ends = dict(zip(times, [*times[1:], times[-1] + 0.04], strict=True))
    found = []
    for track in sorted({row["track"] for row in rows if row["track"]}):
        before = None
        for row in (row for row in rows if row["track"] == track):
            start_s = float(row["time_s"])
            if before == (start_s, row["label"]):
                found[-1][2] = ends[start_s]
            else:
                found.append([track, start_s, ends[start_s], row["label"]])
            before = ends[start_s], row["label"]
    return sorted((track, round(1000 * start_s), round(1000 * end_s), label) for track, start_s, end_s, label in found)


@pytest.mark.parametrize("name", ["vtt", "srt"])
def test_subtitles_say_what_frames_csv_says_to_another_library(folder, name):
    cues = pysubs2.load(str(folder[0] / FILES[name]))
    found = [(*re.fullmatch(r"track (\d+): (\w+) \(0\.\d\d\)", cue.text).groups(), cue.start, cue.end) for cue in cues]
    assert sorted((track, start, end, label) for track, label, start, end in found) == runs_of(folder[0] / "frames.csv")


def test_elan_s_file_says_what_frames_csv_says_to_another_library(folder):
    pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")
    eaf = pympi.Elan.Eaf(str(folder[0] / FILES["eaf"]))
    tiers = [tier for tier in eaf.get_tier_names() if tier.count(" ") == 1]
    found = [(tier.removeprefix("track "), *annotation) for tier in tiers for annotation in eaf.get_annotation_data_for_tier(tier)]
    assert sorted(found) == runs_of(folder[0] / "frames.csv")


def test_praat_s_and_boris_files_say_what_frames_csv_says(folder):
    project = json.loads((folder[0] / FILES["boris"]).read_text())
    begun, found = {}, []
    for time_s, subject, code, *_ in project["observations"]["recording"]["events"]:
        if (subject, code) in begun:
            found.append((subject.removeprefix("track "), round(1000 * begun.pop((subject, code))), round(1000 * time_s), code))
        else:
            begun[subject, code] = time_s
    assert sorted(found) == runs_of(folder[0] / "frames.csv") and not begun
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    table = parselmouth.praat.call(parselmouth.read(str(folder[0] / FILES["textgrid"])), "Down to Table", "no", 6, "yes", "no")
    lines = [line.split("\t") for line in parselmouth.praat.call(table, "List", "no").splitlines()[1:]]
    said = [(tier.removeprefix("track "), round(1000 * float(start)), round(1000 * float(end)), label) for start, tier, label, end in lines]
    assert sorted(said) == runs_of(folder[0] / "frames.csv")


def test_a_folder_of_results_is_read_whole_whatever_was_left_out_elsewhere(folder):
    path, summary = folder
    (path / "result.json").unlink()
    write_json(path / "result.json", replace(summary, options=summary.options | {"min_segment": 100.0}), [])
    found = read_annotation(path)
    assert said(found) == said(annotation_of(summary)) and (found.media, found.fps) == (None, 25.0)


def test_parquet_is_read_too(tmp_path, make_results):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from image_classification.CFC_SP.writers.rows_parquet import write_parquet

    results = make_results(12)
    write_parquet(tmp_path / "a.parquet", results)
    with CsvWriter(tmp_path / "a.csv") as writer:
        for result in results:
            writer.write(result)
    assert read_annotation(tmp_path / "a.parquet") == read_annotation(tmp_path / "a.csv")


def test_other_files_are_told(tmp_path):
    (tmp_path / "a.docx").touch()
    with pytest.raises(UserError, match=r"a.docx: expected a file whose name ends in \.eaf, .*found '\.docx'"):
        read_annotation(tmp_path / "a.docx")
    with pytest.raises(UserError, match=r"^expected result.json in a folder of results, found none in .*: predict with -formats csv,json$"):
        read_annotation(tmp_path)
    with pytest.raises(UserError, match=r"none.eaf: cannot be read"):
        read_annotation(tmp_path / "none.eaf")
