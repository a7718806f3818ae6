# SPDX-License-Identifier: Apache-2.0
import pytest


@pytest.fixture(scope="session")
def model(recognizer):
    """The shipped bundle, loaded once."""
    return recognizer.model
