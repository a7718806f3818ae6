# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the whole suite. Imports our quiet Paddle before anything imports Paddle, so that its greetings stay away."""

import csv
import shutil
from contextlib import nullcontext
from pathlib import Path

import cv2
import pytest
from skimage import data

from image_classification.CFC_SP.inference.bundle import SHIPPED
from image_classification.CFC_SP.prediction import recognizer as recognizer_module
from image_classification.CFC_SP.prediction.recognizer import DEFAULT_BUNDLE, Recognizer
from image_classification.CFC_SP.support import quiet_paddle  # noqa: F401
from tests import clips

pytest_plugins = ["tests.training_fixtures"]
HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}


@pytest.fixture(scope="session")
def astronaut():
    """A real smiling portrait, HWC RGB uint8 [512, 512, 3], in the public domain."""
    return data.astronaut()


@pytest.fixture(scope="session")
def lite() -> Path:
    """The shipped bundle."""
    return SHIPPED / "lite"


@pytest.fixture
def lite_copy(lite, tmp_path) -> Path:
    """A copy of the shipped bundle, to be damaged."""
    return Path(shutil.copytree(lite, tmp_path / "copy"))


@pytest.fixture(scope="session")
def recognizer():
    """The shipped bundle, loaded once for all tests of what is around it."""
    with Recognizer(device="cpu") as recognizer:
        yield recognizer


@pytest.fixture
def loaded_once(recognizer, monkeypatch):
    """Whoever makes a recognizer of the default bundle gets that one, which stays open; other options get what they ask for."""

    def make(bundle=DEFAULT_BUNDLE, *others, **keywords):
        shared = bundle == DEFAULT_BUNDLE and not {*others, *keywords.values()} - {"auto", "cpu", None}
        return nullcontext(recognizer) if shared else Recognizer(bundle, *others, **keywords)

    monkeypatch.setattr(recognizer_module, "Recognizer", make)


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """The folder of labelled reference clips, which lies outside the project."""
    if not (clips.SHARED_CLIPS / "labels.csv").is_file():
        pytest.skip("the reference clips are not there")
    return clips.SHARED_CLIPS


@pytest.fixture(scope="session")
def write_ferplus():
    """Writes rows (usage, file name, ten vote counts, grey picture or None) as FER+'s tools lay them out; returns the folder."""

    def write(folder, rows, header=HEADER):
        for name in FOLDERS.values():
            (folder / "data" / name).mkdir(parents=True)
            (folder / "data" / name / "label.csv").touch()
        with open(folder / "fer2013new.csv", "w", newline="", encoding="utf-8") as file:
            file.write(f"{header}\n")
            csv.writer(file).writerows([usage, name, *votes] for usage, name, votes, _ in rows)
        for usage, name, _, picture in rows:
            if picture is not None:
                cv2.imwrite(str(folder / "data" / FOLDERS[usage] / name), picture)
        return folder

    return write
