# SPDX-License-Identifier: Apache-2.0
import csv
import json
import math
import os
import tracemalloc
from dataclasses import replace

import pytest

from image_classification.CFC_SP.core.records import FrameResult, Segment, Source, Summary
from image_classification.CFC_SP.writers.result_json import read_head, write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter, read_rows


@pytest.fixture
def summary():
    return Summary(
        source=Source('a "clip"\n\u00e9.mp4', "h264", 640, 360, 30000 / 1001, None, 90),
        bundle={"name": "lite", "sha256": "0" * 64},
        device="cpu",
        engine="paddle inference, oneDNN",
        window_frames=256,
        frames=6,
        timings_s={"decode": 0.12345},
        segments=[Segment(1, 0.0, 1 / 3, "Anger", 0.5)],
        warnings=["Two frames are damaged."],
    )


def load(path):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_summary_is_written_whole(tmp_path, summary):
    write_json(tmp_path / "result", summary, [])
    result = load(tmp_path / "result")
    assert result["schema_version"] == 1
    assert result["source"] == {
        **{"path": summary.source.path, "codec": "h264", "width": 640, "height": 360, "fps": 30000 / 1001},
        **{"duration_s": None, "rotation": 90, "size_bytes": 0, "modified_s": 0.0},
        **{"mirrored": False, "start_s": 0.0, "zero_s": 0.0},
    }
    assert result["bundle"] == summary.bundle
    assert (result["device"], result["engine"], result["window_frames"]) == ("cpu", summary.engine, 256)
    assert result["timings_s"] == {"decode": 0.123}
    assert result["counts"]["frames"] == 6 and set(result["counts"]["labels"].values()) == {0}
    assert result["segments"] == [{"track": 1, "start_s": 0.0, "end_s": 0.333333, "label": "Anger", "confidence": 0.5}]
    assert result["warnings"] == summary.warnings
    assert result["rows"] == []


def test_the_head_is_read_back_from_a_whole_file_alone(tmp_path, summary, make_results):
    path = tmp_path / "result"
    assert read_head(path) is None
    summary = replace(summary, files={"frames.csv": "0" * 64})
    write_json(path, summary, make_results(9))
    whole = load(path)
    assert read_head(path) == {key: value for key, value in whole.items() if key != "rows"}
    data = path.read_bytes()
    tail = data[-5:]
    for broken in (b"", data[:-1], data[:300] + tail, data.replace(b'"schema_version": 1', b'"schema_version": 9'), tail, b"[]" + tail):
        path.write_bytes(broken)
        assert read_head(path) is None


@pytest.mark.parametrize("through_csv", [False, True])
def test_the_rows_are_those_of_the_csv(tmp_path, summary, make_results, through_csv):
    results = make_results(30)
    with CsvWriter(tmp_path / "rows") as writer:
        for result in results:
            writer.write(result)
    write_json(tmp_path / "result", summary, read_rows(tmp_path / "rows") if through_csv else results)
    found = load(tmp_path / "result")["rows"]
    with open(tmp_path / "rows", newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(found) == len(expected)
    for row, cells in zip(found, expected, strict=True):
        assert list(row) == list(cells)
        for name, cell in cells.items():
            value = row[name]
            assert value is None if cell == "" else value == (cell if isinstance(value, str) else float(cell))


def test_memory_is_a_small_part_of_what_is_written(tmp_path, summary, make_results):
    faces = make_results(1, faces=(1,))[0].faces
    tracemalloc.start()
    write_json(tmp_path / "result", summary, (FrameResult(i, i / 30, faces) for i in range(10000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (tmp_path / "result").stat().st_size / 8


def test_not_a_number_is_refused(tmp_path, summary):
    summary.timings_s["decode"] = math.nan
    with pytest.raises(ValueError):
        write_json(tmp_path / "result", summary, [])


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": None},
        {"bundle": {"sha256": 7}},
        {"bundle": {}},
        {"source": []},
        {"source": {"size_bytes": 1}},
        {"source": {"size_bytes": 1, "modified_s": 1, "path": "a\0b"}},
        {"source": {"size_bytes": 1, "modified_s": 1, "path": "a\ud800b"}},
        {"source": {"size_bytes": 1, "modified_s": 1, "path": None}},
        {"options": 3},
        {"files": "x"},
    ],
)
def test_a_head_of_another_form_is_none(tmp_path, summary, change):
    path = tmp_path / "result"
    write_json(path, summary, [])
    head = read_head(path)
    for key in change:
        line = f'"{key}": {json.dumps(head[key])},\n'
        assert line in path.read_text()
        path.write_text(path.read_text().replace(line, f'"{key}": {json.dumps(change[key])},\n'))
    assert read_head(path) is None


@pytest.mark.parametrize("content", ["{" + '"a":' * 100_000, '{\n"a": ' + "9" * 5000 + ",\n", "{\n" + "[" * 100_000])
def test_a_damaged_head_is_none(tmp_path, content):
    (tmp_path / "result").write_text(content + '"rows": [\n]\n}\n')
    assert read_head(tmp_path / "result") is None


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "result")
    assert read_head(tmp_path / "result") is None
