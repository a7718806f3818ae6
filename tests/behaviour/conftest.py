# SPDX-License-Identifier: Apache-2.0
import pytest

from tests import result_folders


@pytest.fixture
def write_results(tmp_path):
    """Gives `write(name, results, fps=10, codec="h264")`: what predict would write of a clip, below tmp_path / "results"; the folder."""
    return lambda name, *arguments, **keywords: result_folders.write_results(tmp_path / "results" / name, *arguments, **keywords)
