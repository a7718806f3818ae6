# SPDX-License-Identifier: Apache-2.0
import os
import pty
import termios

import pytest

from image_classification.CFC_SP.support import progress


def test_nothing_is_said_when_quiet_and_nothing_is_changed(capsys):
    items = iter(range(5))
    assert progress.shown(items, "reading", 5, quiet=True) is items
    assert list(progress.shown(range(5), "reading", 5)) == list(range(5))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("total", "left"), [(4, " of 4, "), (None, ""), (1, "")])
def test_lines_of_text_where_there_is_no_terminal(capsys, monkeypatch, total, left):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    assert list(progress.shown(range(3), "reading", total)) == [0, 1, 2]
    lines = capsys.readouterr().err.splitlines()
    # The first item waits for all that has to be made ready, and tells nothing.
    assert len(lines) == 2 and lines[1].startswith(f"reading: 3 frames{left}") and "frames/s" in lines[1]


def test_a_bar_on_a_terminal_fits_its_width(monkeypatch):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 40))
    with open(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        assert list(progress.shown(range(300), "reading", 300)) == list(range(300))
        said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    lines = [line for line in said.split("\r") if line.strip()]
    assert "reading" in lines[0] and "1/300" in lines[0] and all(len(line) <= 40 for line in lines)
