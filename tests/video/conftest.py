# SPDX-License-Identifier: Apache-2.0
import pytest
from safetensors.numpy import load_file

from image_classification.CFC_SP.video.mtcnn import WEIGHTS, load_mtcnn


@pytest.fixture(scope="session")
def mtcnn_weights():
    return load_file(WEIGHTS)


@pytest.fixture(scope="session")
def networks(mtcnn_weights):
    return load_mtcnn(mtcnn_weights)
