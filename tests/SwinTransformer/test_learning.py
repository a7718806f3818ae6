# SPDX-License-Identifier: Apache-2.0
"""Whether Swin learns: its gradients, and its first steps."""

import numpy as np
import paddle
import pytest

from image_classification.SwinTransformer.swin import SwinTransformer, swin_lite


def test_gradients_are_those_of_finite_differences():
    """In double precision, each parameter along a random direction; eager training of Swin rests on them."""
    before = paddle.get_default_dtype()
    paddle.set_default_dtype("float64")
    try:
        paddle.seed(0)
        # Without the lite network's batch norm, which two pictures leave no gradient.
        net = SwinTransformer(width=12, depths=(2, 3, 1), heads=(1, 2, 4), windows=(6, 6, 3), input_size=48, num_classes=8, in_channels=1)
        pictures, labels = paddle.randn([2, 1, 48, 48]), paddle.to_tensor([0, 3])

        def loss():
            return paddle.nn.functional.cross_entropy(net(pictures), labels)

        loss().backward()
        draw, step = np.random.default_rng(0), 1e-5
        for name, parameter in net.named_parameters():
            there, direction = parameter.detach().clone(), paddle.to_tensor(draw.standard_normal(parameter.shape))
            with paddle.no_grad():
                ends = []
                for sign in (1, -1):
                    parameter.set_value(there + sign * step * direction)
                    ends.append(float(loss()))
                parameter.set_value(there)
            expected = (ends[0] - ends[1]) / (2 * step)
            assert float((parameter.grad * direction).sum()) == pytest.approx(expected, rel=1e-5, abs=1e-7), name
    finally:
        paddle.set_default_dtype(before)


@pytest.mark.slow
@pytest.mark.parametrize(("head", "stay_apart"), [("embedding", True), ("pool", False)])
def test_pictures_stay_apart_while_the_frequencies_are_learnt(head, stay_apart):
    """Seven of eight labels are alike, so the first steps teach all features one direction; the lite network's head normalises it away."""
    paddle.seed(0)
    draw = np.random.default_rng(0)
    net = swin_lite(num_classes=2, in_channels=1, head=head)
    net.train()
    pictures = paddle.to_tensor(np.kron(draw.normal(0, 1, (32, 1, 8, 8)), np.ones((6, 6))).astype("float32"))
    labels = paddle.to_tensor(np.arange(32) % 8 // 7)
    optimizer = paddle.optimizer.AdamW(1e-3, parameters=net.parameters())
    for _ in range(10):
        paddle.nn.functional.cross_entropy(net(pictures), labels).backward()
        optimizer.step()
        optimizer.clear_grad()
    features = net.flat_features(net.forward_features(pictures)).numpy()
    share = features.std(0).mean() / np.sqrt((features**2).mean())
    assert share > 0.8 if stay_apart else share < 0.3


@pytest.mark.slow
def test_lite_network_leaves_the_guess():
    """Pictures whose left half is the lighter one and their mirror images are told apart within 30 steps."""
    paddle.seed(0)
    net = swin_lite(num_classes=2, in_channels=1)
    net.train()
    left = np.random.default_rng(0).normal(0, 1, (16, 1, 48, 48)).astype("float32")
    left[..., :24] += 1
    pictures, labels = paddle.to_tensor(np.concatenate([left, left[..., ::-1]])), paddle.to_tensor([0] * 16 + [1] * 16)
    optimizer = paddle.optimizer.AdamW(1e-3, parameters=net.parameters())
    for _ in range(30):
        loss = paddle.nn.functional.cross_entropy(net(pictures), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    assert float(loss) < 0.1
