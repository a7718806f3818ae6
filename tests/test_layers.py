import numpy as np
import paddle
import pytest

from image_classification.layers import Linear


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
