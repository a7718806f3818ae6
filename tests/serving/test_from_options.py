# SPDX-License-Identifier: Apache-2.0
"""Options of the command, and what is refused before anything starts."""

import pytest

from image_classification.CFC_SP.commands import serve
from image_classification.CFC_SP.serving.from_options import SAMPLE, settings_of
from image_classification.CFC_SP.support.command_line import Parser
from image_classification.CFC_SP.support.errors import UserError


def asked(*words):
    parser = Parser()
    serve.add_options(parser)
    return parser.parse_args(words)


def test_limits_bear_the_defaults_of_the_settings():
    settings = settings_of(asked())
    assert settings.limits == type(settings.limits)() and settings.workers == 1 and settings.token is None
    assert settings.load[1] == {"bundle": "lite", "device": "auto", "engine": "auto", "precision": "auto", "min_face": None}


def test_a_server_on_this_machine_is_called_by_this_machine_s_names_alone():
    assert settings_of(asked()).hosts == ("127.0.0.1", "localhost", "::1")
    assert settings_of(asked("-host", "0.0.0.0")).hosts == ()
    assert settings_of(asked("-hosts", "faces.example.org")).hosts == ("faces.example.org",)


def test_windows_is_refused_in_words(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(UserError, match="expected Linux or macOS for cfc-sp serve, found Windows"):
        serve.run(asked())


def test_units(tmp_path):
    limits = settings_of(asked("-max_mb", "2", "-keep_hours", "0.5", "-keep_gb", "1.5", "-keep_uploads")).limits
    assert (limits.clip_bytes, limits.keep_s, limits.keep_bytes, limits.keep_uploads) == (2_000_000, 1800.0, 1_500_000_000, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-workers", "0"], "-workers: expected 1 or more, found 0"),
        (["-max_seconds", "nan"], "-max_seconds: expected 1 or more"),
        (["-keep_gb", "inf"], "-keep_gb"),
        (["-sample", "none.mp4"], "-sample: expected a video file"),
        (["-bundle", "none"], "none"),
        (["-token", "none.txt"], "none.txt: cannot be read"),
    ],
)
def test_mistakes_are_one_sentence(words, message):
    with pytest.raises(UserError, match=message):
        settings_of(asked(*words))


def test_a_token_is_a_line_that_cannot_be_guessed(tmp_path):
    path = tmp_path / "token.txt"
    path.write_text("0123456789abcdef0123\nsomething else\n")
    assert settings_of(asked("-token", str(path))).token == "0123456789abcdef0123"
    path.write_text("secret\n")
    with pytest.raises(UserError, match="16 ASCII characters or more in its first line, found 6"):
        settings_of(asked("-token", str(path)))


def test_the_sample_that_ships_shows_one_face_that_smiles(recognizer):
    assert settings_of(asked()).sample == SAMPLE
    frames = list(recognizer.video(SAMPLE))
    assert len(frames) == 100
    assert {face.label for frame in frames for face in frame.faces} == {"Happiness"}
    assert all(len(frame.faces) == 1 for frame in frames)
