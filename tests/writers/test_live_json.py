# SPDX-License-Identifier: Apache-2.0
import io
import json
import os
from contextlib import suppress
from dataclasses import replace

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.writers.live_json import JsonLines
from image_classification.CFC_SP.writers.rows_csv import COLUMNS, row_values


def test_a_line_holds_what_the_rows_of_its_frame_hold(make_results):
    file = io.BytesIO()
    lines, results = JsonLines(file), make_results(7)
    for result in results:
        lines.write("clip", result)
        assert file.getvalue().endswith(b"\n"), "each line is there as soon as it is written"
    found = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [list(frame) for frame in found] == [["clip", "frame", "time_s", "faces"]] * 7
    for frame, result in zip(found, results, strict=True):
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in row_values(result)]
        expected = [row for row in rows if row["track"] is not None]
        assert [{"frame": frame["frame"], "time_s": frame["time_s"], **face} for face in frame["faces"]] == expected


def test_pictures_have_their_names():
    file = io.BytesIO()
    JsonLines(file).write("faces", replace(FrameResult(0, 0.0), picture="ü.png"))
    assert json.loads(file.getvalue()) == {"clip": "faces", "frame": 0, "time_s": 0.0, "picture": "ü.png", "faces": []}


def test_a_reader_that_goes_is_no_fault():
    read, write = os.pipe()
    with open(write, "wb") as file:
        lines = JsonLines(file)
        lines.write("clip", FrameResult(0, 0.0))
        assert json.loads(os.read(read, 1000)) and lines.is_open
        os.close(read)
        lines.write("clip", FrameResult(1, 0.1))
        assert not lines.is_open
        lines.write("clip", FrameResult(2, 0.2))
        # What is left of the line goes nowhere.
        file.raw.close()
        with suppress(ValueError):
            file.close()
