import paddle
import pytest

from image_classification.CFC_SP.video.mtcnn import load_mtcnn


@pytest.fixture(scope="session")
def networks():
    """MTCNN's eager Layers as functions on NumPy arrays."""

    def on_arrays(layer):
        def run(batch):
            with paddle.no_grad():
                return tuple(output.numpy() for output in layer(paddle.to_tensor(batch)))

        return run

    return {name: on_arrays(layer) for name, layer in load_mtcnn().items()}
