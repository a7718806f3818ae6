import numpy as np
import paddle
import pytest

from image_classification.layers import Backbone, ConvBN, DropPath, EmbeddingHead


class Plain(Backbone):
    """The pictures are the features."""

    def __init__(self, num_classes=3, embedding=None, in_channels=2):
        super().__init__(in_channels)
        self.add_head(in_channels, num_classes, 0.0, embedding)

    def forward_features(self, x):
        return x


PICTURES = np.random.default_rng(0).normal(size=(4, 2, 6, 6)).astype(np.float32)


def test_logits_are_the_classifier_on_the_mean_over_positions():
    model = Plain()
    expected = PICTURES.mean((2, 3)) @ model.head.weight.numpy() + model.head.bias.numpy()
    np.testing.assert_allclose(model(paddle.to_tensor(PICTURES)).numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(Plain(num_classes=0)(paddle.to_tensor(PICTURES)).numpy(), PICTURES.mean((2, 3)), atol=1e-6)


def test_an_embedding_takes_the_place_of_the_mean():
    model = Plain(embedding=EmbeddingHead(2, 36, size=5))
    model.eval()
    assert model.num_features == 5 and model(paddle.to_tensor(PICTURES)).shape == [4, 3]
    linear, scale = model.embedding.linear, 1 / np.sqrt(1 + 1e-5)
    expected = (PICTURES * scale).reshape(4, -1) @ linear.weight.numpy() + linear.bias.numpy()
    np.testing.assert_allclose(model.flat_features(paddle.to_tensor(PICTURES)).numpy(), expected * scale, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pictures", [PICTURES[:, :1], PICTURES[0], PICTURES.astype(np.int32)])
def test_other_inputs_are_named(pictures):
    with pytest.raises(ValueError, match=r"Plain expects floating-point pictures \[N, 2, H, W\], found"):
        Plain()(paddle.to_tensor(pictures))


@pytest.mark.parametrize(("kernel", "same", "side"), [(3, True, 6), ((1, 5), True, 6), (3, False, 4), (1, True, 6)])
def test_a_convolution_is_padded_to_the_same_size_or_not_at_all(kernel, same, side):
    assert ConvBN(2, 3, kernel, same=same)(paddle.to_tensor(PICTURES)).shape == [4, 3, side, side]


def test_whole_pictures_are_dropped_and_the_mean_stays():
    paddle.seed(0)
    layer, x = DropPath(0.25), paddle.ones([4000, 2, 1])
    found = layer(x).numpy()[:, :, 0]
    assert set(np.unique(found)) == {np.float32(0), np.float32(1 / 0.75)} and (found[:, 0] == found[:, 1]).all()
    assert abs(found.mean() - 1) < 0.05
    layer.eval()
    np.testing.assert_array_equal(layer(x).numpy(), x.numpy())
