"""Which files are written for other programs, and of what video they are."""

import pytest

from image_classification.CFC_SP.core.records import Segment, Source, Summary
from image_classification.CFC_SP.writers import annotation_files
from image_classification.CFC_SP.writers.annotation_files import WRITERS, write_annotation_files
from image_classification.CFC_SP.writers.output import FILES, OutputFolder


def summary_of(path) -> Summary:
    source = Source(str(path), "h264", 640, 360, 30.0, 1.5)
    return Summary(source, {}, "cpu", "onednn", 24, segments=[Segment(1, 0.0, 1.0, "Anger", 0.5)])


def test_every_format_of_the_table_is_written_when_asked(tmp_path):
    with OutputFolder(tmp_path, "clip", WRITERS) as folder:
        write_annotation_files(folder, summary_of(tmp_path / "clip.mp4"))
    assert [path.name for path in folder.files] == [FILES[name] for name in WRITERS]


@pytest.mark.parametrize(
    ("there", "formats", "media"),
    [(True, ["vtt", "mp4"], "clip.mp4"), (False, ["vtt", "mp4"], "clip/annotated.mp4"), (False, ["vtt"], None)],
)
def test_the_video_is_the_clip_or_the_annotated_one(tmp_path, monkeypatch, there, formats, media):
    found = []
    monkeypatch.setitem(annotation_files.WRITERS, "vtt", lambda path, annotation: found.append(annotation.media))
    clip = tmp_path / "clip.mp4"
    if there:
        clip.touch()
    write_annotation_files(OutputFolder(tmp_path, "clip", formats), summary_of(clip))
    assert found == [media and str(tmp_path / media)]
