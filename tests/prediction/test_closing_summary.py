# SPDX-License-Identifier: Apache-2.0
"""What a run says at its end."""

import pytest

from tests.predicting import run

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.mark.parametrize(("words", "out", "columns"), [(["-q"], 0, 40), ([], 4, 40), (["-v"], 7, 40), ([], 4, 1)])
def test_how_much_is_said(clip, tmp_path, capsys, monkeypatch, words, out, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("-video", clip, "-formats", "csv", *words, out=tmp_path) == 0
    said = capsys.readouterr()
    lines = [line for line in said.out.splitlines() if "frames.csv" not in line]
    assert (len(lines) >= out if out else not said.out) and not said.err
    assert all(len(line) <= 40 for line in lines)
