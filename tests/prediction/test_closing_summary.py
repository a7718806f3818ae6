"""What a run says at its end."""

import pytest

from tests.predicting import run

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.mark.parametrize(("words", "out", "err"), [(["-q"], 0, 0), ([], 4, 0), (["-v"], 7, 0)])
def test_how_much_is_said(clip, tmp_path, capsys, monkeypatch, words, out, err):
    monkeypatch.setenv("COLUMNS", "40")
    assert run("-video", clip, "-formats", "csv", *words, out=tmp_path) == 0
    said = capsys.readouterr()
    lines = [line for line in said.out.splitlines() if "frames.csv" not in line]
    assert (len(lines) >= out if out else not said.out) and len(said.err) == err
    assert all(len(line) <= 40 for line in lines)
