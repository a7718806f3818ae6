# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.training.losses import soft_cross_entropy
from image_classification.CFC_SP.training.optim import build_optimizer, count_decayed, learning_rate, trainable
from image_classification.CFC_SP.training.steps import EagerStep, StaticStep
from image_classification.CFC_SP.weights.model import build_model


def test_schedule_by_hand():
    """10 steps of warm-up from a hundredth of the peak, the peak, half-way between peak and floor at half time, the floor."""
    schedule = [learning_rate(step, 110, 10, 1.0, 0.1) for step in range(120)]
    np.testing.assert_allclose(schedule[:11], [0.01 + 0.099 * step for step in range(11)])
    assert schedule[10] == 1.0
    np.testing.assert_allclose(schedule[60], 0.55)
    np.testing.assert_allclose(schedule[35], 0.1 + 0.45 * (1 + math.cos(math.pi / 4)))
    np.testing.assert_allclose(schedule[110:], 0.1)
    assert (np.diff(schedule[:11]) > 0).all()
    assert (np.diff(schedule[10:111]) < 0).all()


def test_warm_up_begins_with_the_share_that_is_asked_for():
    np.testing.assert_allclose([learning_rate(step, 110, 10, 2.0, 0.0, 0.1) for step in (0, 5, 10)], [0.2, 1.1, 2.0])


def test_schedule_without_warm_up_starts_at_the_peak():
    assert learning_rate(0, 100, 0, 0.5, 0.0) == 0.5


def test_rate_scales_with_the_batch_and_follows_the_steps(small_config, tiny_network):
    config = small_config({"TRAIN.BASE_LR": 0.01, "TRAIN.BATCH_SIZE": 64, "TRAIN.EPOCHS": 4, "TRAIN.WARMUP_EPOCHS": 1})
    optimizer = build_optimizer(config, build_model(config), 5)
    rates = []
    for _ in range(21):
        rates.append(optimizer.get_lr())
        optimizer._learning_rate.step()
    np.testing.assert_allclose(rates, [learning_rate(step, 20, 5, 0.005, 1e-5) for step in range(21)])
    assert max(rates) == rates[5] == 0.005


def test_step_without_gradient_shrinks_only_decayed_tensors(small_config, tiny_network):
    """Where no decay reaches, a zero gradient leaves a tensor bit for bit."""
    config = small_config({"TRAIN.WEIGHT_DECAY": 0.5, "TRAIN.WARMUP_EPOCHS": 0, "TRAIN.BASE_LR": 0.8})
    model = build_model(config)
    for parameter in trainable(model).values():
        parameter.set_value(np.random.default_rng(0).normal(1, 0.1, parameter.shape).astype("float32"))
    before = {name: parameter.numpy().copy() for name, parameter in trainable(model).items()}
    optimizer = build_optimizer(config, model, 10)
    sum((parameter * 0.0).sum() for parameter in trainable(model).values()).backward()
    optimizer.step()
    shrunk = set()
    for name, parameter in trainable(model).items():
        if (parameter.numpy() == before[name]).all():
            continue
        # Decoupled decay: w (1 - rate x decay), the rate being 0.8 for a batch of 128.
        np.testing.assert_allclose(parameter.numpy(), before[name] * (1 - 0.1 * 0.5), rtol=1e-5)
        shrunk.add(name)
    kernels = {name for name in before if name.endswith("conv.weight")}
    assert len(kernels) == 8
    assert shrunk == kernels | {"backbone.head.weight"}
    assert count_decayed(model) == (len(shrunk), len(before) - len(shrunk))


def test_trainable_leaves_out_batch_norm_statistics(small_config, tiny_network):
    model = build_model(small_config())
    names = set(trainable(model))
    assert "backbone.stem.conv_kxk.bn.weight" in names
    assert not any(name.endswith(("_mean", "_variance")) for name in names)


@pytest.mark.parametrize(("limit", "expected"), [(0.0, None), (0.5, 0.5)])
def test_gradient_clip(small_config, tiny_network, limit, expected):
    config = small_config({"TRAIN.GRAD_CLIP": limit})
    clip = build_optimizer(config, build_model(config), 10)._grad_clip
    assert (clip and clip.clip_norm) == expected
    if clip:
        rng = np.random.default_rng(0)
        pairs = [(paddle.create_parameter([n], "float32"), paddle.to_tensor(rng.normal(0, 3, n).astype("float32"))) for n in (4, 9)]
        np.testing.assert_allclose(math.sqrt(sum(float((g * g).sum()) for _, g in clip(pairs))), 0.5, rtol=1e-5)


def test_the_backbone_names_what_decay_spares_besides(small_config):
    config = small_config({"MODEL.NAME": "swin_lite", "MODEL.INPUT_SIZE": 48})
    model = build_model(config)
    tables = sum(name.endswith("relative_position_bias_table") for name in trainable(model))
    matrices = sum(parameter.ndim > 1 for parameter in trainable(model).values())
    assert tables == 7
    assert count_decayed(model)[0] == matrices - tables


@pytest.mark.parametrize("form", [EagerStep, StaticStep])
def test_sgd_against_numpy(form, small_config, tiny_network):
    """Three steps of w -= rate x v, v = 0.8 v + gradient + decay x w, the decay on kernels and matrices alone."""
    changes = {"TRAIN.OPTIMIZER": "sgd", "TRAIN.MOMENTUM": 0.8, "TRAIN.WEIGHT_DECAY": 0.3, "TRAIN.WARMUP_EPOCHS": 0, "TRAIN.BASE_LR": 4.0}
    config = small_config(changes)
    paddle.seed(0)
    stepper, twin = form(config, build_model(config), 10), build_model(config)
    twin.train()
    names = list(trainable(twin))
    spared = [name for name in names if "bn." in name or "identity." in name or name.endswith(".bias")]
    start = {name: np.asarray(stepper.weights()[name], np.float64) for name in names}
    weights = dict(start)
    velocity = dict.fromkeys(names, 0.0)
    rng = np.random.default_rng(0)
    for step in range(3):
        crops, targets = rng.integers(0, 256, (16, 16, 16, 3), dtype=np.uint8), rng.dirichlet(np.ones(5), 16).astype("float32")
        twin.set_state_dict(twin.state_dict() | {name: value.astype(np.float32) for name, value in weights.items()})
        soft_cross_entropy(twin(paddle.to_tensor(crops)), paddle.to_tensor(targets)).backward()
        stepper(crops, targets)
        for name, parameter in trainable(twin).items():
            velocity[name] = 0.8 * velocity[name] + parameter.grad.numpy() + (0 if name in spared else 0.3 * weights[name])
            weights[name] = weights[name] - learning_rate(step, 300, 0, 0.5, 1e-5) * velocity[name]
        twin.clear_gradients()
    for name in names:
        found = np.asarray(stepper.weights()[name])
        # The rounding of three steps, as a share of how far a tensor has come.
        moved = np.abs(weights[name] - start[name]).max()
        assert moved > 0
        np.testing.assert_allclose(found, weights[name], atol=2e-3 * moved, err_msg=name)
