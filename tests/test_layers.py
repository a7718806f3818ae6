# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.layers import Backbone, ConvBN, DropPath, EmbeddingHead, Linear


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


@pytest.mark.parametrize("bias", [True, False])
def test_linear_against_numpy(bias):
    """Values and gradients, in training, where the bias is a product, and in evaluation."""
    draw = np.random.default_rng(0)
    layer = Linear(3, 5, bias_attr=None if bias else False)
    weight, shift = draw.normal(0, 1, (3, 5)).astype("float32"), draw.normal(0, 1, 5).astype("float32") * bias
    layer.weight.set_value(weight)
    if bias:
        layer.bias.set_value(shift)
    x, share = (draw.normal(0, 1, (2, 4, side)).astype("float32") for side in (3, 5))
    for mode in (layer.train, layer.eval):
        mode()
        layer.clear_gradients()
        inputs = paddle.to_tensor(x, stop_gradient=False)
        y = layer(inputs)
        np.testing.assert_allclose(y.numpy(), x @ weight + shift, atol=1e-5)
        (y * paddle.to_tensor(share)).sum().backward()
        np.testing.assert_allclose(inputs.grad.numpy(), share @ weight.T, atol=1e-5)
        np.testing.assert_allclose(layer.weight.grad.numpy(), np.einsum("nli,nlo->io", x, share), atol=1e-5)
        if bias:
            np.testing.assert_allclose(layer.bias.grad.numpy(), share.sum((0, 1)), atol=1e-5)


def test_the_bias_of_a_linear_layer_is_a_product_in_training_alone(monkeypatch):
    """What is exported is one linear operation."""
    shapes = []
    matmul = paddle.matmul
    monkeypatch.setattr(paddle, "matmul", lambda a, b: (shapes.append(tuple(a.shape)), matmul(a, b))[1])
    layer = Linear(3, 5)
    layer(paddle.zeros([2, 3]))
    assert (2, 1) in shapes
    shapes.clear()
    layer.eval()
    layer(paddle.zeros([2, 3]))
    assert not shapes
