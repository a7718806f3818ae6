# SPDX-License-Identifier: Apache-2.0
import pytest

from tests import clips


@pytest.fixture
def clip(tmp_path):
    """Two seconds of a street with sound: no face."""
    return clips.write_clip(tmp_path / "clip.mp4", clips.pictures(40), fps=20, gop=10, sound=True)


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """Some frames without a face."""
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "street.mp4", clips.pictures(12))
