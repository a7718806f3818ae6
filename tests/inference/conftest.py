import pytest

from image_classification.CFC_SP.inference.loaded_model import load_model


@pytest.fixture(scope="session")
def model(lite):
    """The shipped bundle, loaded once."""
    model = load_model(lite, "cpu")
    yield model
    model.predictor.close()
