"""Every format that is written is read back, and says what the result says."""

from dataclasses import replace

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
    with pytest.raises(UserError, match=r"found no result.json in it"):
        read_annotation(tmp_path)
    with pytest.raises(UserError, match=r"none.eaf: cannot be read"):
        read_annotation(tmp_path / "none.eaf")
