# SPDX-License-Identifier: Apache-2.0
"""Which files are written for other programs, and of what video they are."""

import pytest

from image_classification.CFC_SP.core.records import FrameResult, Segment, Source, Summary
from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.writers import annotation_files
from image_classification.CFC_SP.writers.annotation_files import WRITERS, write_annotation_files
from image_classification.CFC_SP.writers.output import FILES, OutputFolder
from image_classification.CFC_SP.writers.rows_csv import CsvWriter


def summary_of(path, **options) -> Summary:
    source = Source(str(path), "h264", 640, 360, 30.0, 1.5, start_s=0.1, zero_s=0.25)
    return Summary(source, {}, "cpu", "onednn", 24, segments=[Segment(1, 1.0, 2.0, "Anger", 0.5)], **options)


def write_rows(folder) -> None:
    with CsvWriter(folder.part("csv")) as writer:
        writer.write(FrameResult(7, 0.5))


def test_every_format_of_the_table_is_written_when_asked(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    asked = [*WRITERS, "parquet"]
    with OutputFolder(tmp_path, "clip", asked) as folder:
        write_rows(folder)
        write_annotation_files(folder, summary_of(tmp_path / "clip.mp4"))
    assert [path.name for path in folder.files] == [FILES[name] for name in asked]


@pytest.mark.parametrize(
    ("there", "formats", "start_s", "media", "seen_at_s"),
    [
        (True, ["vtt", "mp4"], None, "clip.mp4", 0.75),
        (False, ["vtt", "mp4"], None, "clip/annotated.mp4", 0.5),
        (False, ["vtt", "mp4"], 0.3, "clip/annotated.mp4", 0.6),
        (False, ["vtt"], None, None, 1.0),
    ],
    ids=["clip", "stream", "part of pictures", "no video"],
)
def test_times_are_those_of_the_clip_or_of_the_annotated_video(tmp_path, monkeypatch, there, formats, start_s, media, seen_at_s):
    found = []
    monkeypatch.setitem(annotation_files.WRITERS, "vtt", lambda path, annotation: found.append(annotation))
    clip = tmp_path / "clip.mp4"
    if there:
        clip.touch()
    folder = OutputFolder(tmp_path, "clip", formats)
    write_rows(folder)
    write_annotation_files(folder, summary_of(clip, span=Span(start_s)))
    assert [(one.media, one.intervals[0].start_s) for one in found] == [(media and str(tmp_path / media), seen_at_s)]
