# SPDX-License-Identifier: Apache-2.0
"""Numbers on standard output while files and streams are looked at, as another program reads them."""

import json
import subprocess
import sys

import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.prediction.live_output import live_output
from image_classification.CFC_SP.support.errors import UserError
from tests import clips, streams
from tests.events import LIMIT_S
from tests.predicting import json_of, only_folder, rows_of, run, start

MAN = clips.real_clip("carphone_pristine.mp4")


def test_none_is_given_where_none_is_asked_for():
    with live_output(None) as live:
        assert live is None
    with pytest.raises(UserError, match="-live: expected one of jsonl, lsl, found 'xml'"), live_output("xml"):
        pass


@pytest.mark.usefixtures("loaded_once")
def test_a_file_s_lines_are_its_rows_and_nothing_else_is_said_there(tmp_path, capsys):
    other = clips.write_clip(tmp_path / "other.mp4", clips.pictures(2))
    assert run("-video", MAN, other, "-end", "0.5", "-formats", "csv", "-live", "jsonl", out=tmp_path / "out") == 0
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert "frames.csv" in said.err
    for name in (MAN.stem, "other"):
        rows = rows_of(tmp_path / "out" / name)
        found = [line for line in lines if line["clip"] == name]
        assert [(line["frame"], len(line["faces"])) for line in found] == [(int(row["frame"]), bool(row["track"])) for row in rows]
        assert [face["label"] for line in found for face in line["faces"]] == [row["label"] for row in rows if row["track"]]


def test_a_stream_is_read_line_by_line_and_ends_where_nobody_reads(tmp_path):
    """The recording is finished, and whole, when the reader has had enough; no traceback is seen."""
    with streams.served(MAN) as address, start(address, tmp_path, "-formats", "csv,json", "-live", "jsonl") as process:
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        # While it runs, the rows lie under the name that was told.
        told = next(line for line in process.stderr if "Rows are added to" in line)
        assert ".frames.csv.part-" in told
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(LIMIT_S) == 0, said
    assert "Traceback" not in said and "Broken" not in said
    folder = only_folder(tmp_path)
    rows, result = rows_of(folder), json_of(folder)
    assert [line["frame"] for line in lines] == list(dict.fromkeys(int(row["frame"]) for row in rows))[:3]
    assert {line["clip"] for line in lines} == {folder.name} and result["counts"]["frames"] >= 3
    assert not list(folder.glob(".*"))


def test_a_clip_is_finished_though_nobody_reads(tmp_path, street):
    words = [sys.executable, predict.__file__, "-video", street, "-out", tmp_path, "-formats", "csv,json", "-live", "jsonl"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    said = process.communicate(timeout=LIMIT_S)[1]
    assert process.returncode == 0 and "Traceback" not in said and "Broken" not in said
    assert json_of(tmp_path / "street")["counts"]["frames"] == 12
