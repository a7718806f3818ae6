# SPDX-License-Identifier: Apache-2.0
"""A home that can be written to, as long as it is needed."""

import os
import tempfile
from pathlib import Path

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.home import writable_home


def test_a_home_that_can_be_written_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with writable_home():
        assert Path.home() == tmp_path
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere", None])
def test_another_takes_the_place_of_one_that_cannot(tmp_path, monkeypatch, home):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("HOME")
    # Without HOME the password file tells.
    monkeypatch.setattr(os.path, "expanduser", lambda path: home or "/dev/null")
    if home:
        monkeypatch.setenv("HOME", home)
    with writable_home():
        assert Path(os.environ["HOME"]).parent == tmp_path
        (Path(os.environ["HOME"]) / "file").touch()
    assert os.environ.get("HOME") == home and not list(tmp_path.iterdir())


def test_no_place_at_all_is_one_sentence(monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    with pytest.raises(UserError, match="set TMPDIR"), writable_home():
        pass
