"""Fixtures of the whole suite. Imports our device module before anything imports Paddle, so that its greetings stay away."""

import shutil
from pathlib import Path

import pytest
from skimage import data

from image_classification.CFC_SP import device  # noqa: F401
from image_classification.CFC_SP.inference.bundle import SHIPPED
from tests import clips


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
def shared_clips() -> Path:
    """The folder of labelled reference clips, which lies outside the project."""
    if not (clips.SHARED_CLIPS / "labels.csv").is_file():
        pytest.skip("the reference clips are not there")
    return clips.SHARED_CLIPS
