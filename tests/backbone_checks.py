# SPDX-License-Identifier: Apache-2.0
"""What holds for every backbone, whatever its family."""

import numpy as np
import paddle

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.training.steps import EagerStep, StaticStep
from image_classification.CFC_SP.weights.model import build_model


def count_trainable(build) -> int:
    """The numbers in the trainable parameters of the network that `build` makes; their memory is never filled."""
    with paddle.LazyGuard():
        return sum(parameter.size for parameter in build().parameters() if parameter.trainable)


def check_gradients(model, pictures) -> None:
    """Every parameter receives a gradient that is not zero, from a batch of four."""
    model.train()
    paddle.nn.functional.cross_entropy(model(pictures), paddle.to_tensor(np.arange(4))).backward()
    untouched = [name for name, p in model.named_parameters() if p.trainable and (p.grad is None or not np.abs(p.grad.numpy()).max() > 0)]
    assert untouched == []


def check_batches(model, pictures) -> None:
    """A picture's output does not depend on those beside it, and pictures differ in theirs."""
    model.eval()
    with paddle.no_grad():
        alone = np.concatenate([model(pictures[i : i + 1]).numpy() for i in range(len(pictures))])
        np.testing.assert_allclose(model(pictures).numpy(), alone, atol=1e-5 * np.abs(alone).max())
    assert np.ptp(alone, axis=0).max() > 1e-3


def check_reset_classifier(model, pictures) -> None:
    """A fresh classifier leaves the trunk alone; none gives the features."""
    model.eval()
    with paddle.no_grad():
        before = model.forward_features(pictures).numpy()
        model.reset_classifier(3)
        np.testing.assert_array_equal(model.forward_features(pictures).numpy(), before)
        assert model(pictures).shape == [4, 3]
        assert model.head.weight.shape == [model.num_features, 3]
        assert abs(float(model.head.weight.std()) - 0.01) < 0.003
        assert not model.head.bias.numpy().any()
        model.reset_classifier(0)
        assert model(pictures).shape == [4, model.num_features]


def check_static_training(folder, name: str, size: int) -> None:
    """A step of the backbone in the registry as `name`, on pictures of `size` px, moves every weight alike in eager mode and in a static
    program with oneDNN; `folder` takes a config."""
    (folder / "small.yaml").write_text("STAGE: coarse\n", encoding="utf-8")
    words = (
        f"MODEL.NAME {name} MODEL.INPUT_SIZE {size} DATA.CROP_SIZE 48 TRAIN.BATCH_SIZE 16 TRAIN.OPTIMIZER sgd "
        "TRAIN.WEIGHT_DECAY 0 TRAIN.MOMENTUM 0 TRAIN.WARMUP_EPOCHS 0 TRAIN.EPOCHS 1 TRAIN.BASE_LR 4.0"
    )
    config = load_config(folder / "small.yaml", words.split())
    paddle.seed(0)
    model = build_model(config)
    rng = np.random.default_rng(0)
    crops, targets = rng.integers(0, 256, (16, 48, 48, 3), np.uint8), np.eye(5, dtype=np.float32)[rng.integers(0, 5, 16)]
    steppers = [form(config, model, 8) for form in (EagerStep, StaticStep)]
    losses = [stepper(crops, targets) for stepper in steppers]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    before = {key: value.numpy() for key, value in model.state_dict().items() if not key.endswith(("_mean", "_variance"))}
    eager, static = ({key: np.asarray(value) for key, value in stepper.weights().items()} for stepper in steppers)
    for key, value in before.items():
        moved = np.linalg.norm(eager[key] - value)
        assert moved > 0, key
        # What comes before a normalisation has no say in the scale: its gradient is rounding.
        if moved > 1e-3:
            assert np.linalg.norm(static[key] - eager[key]) < 0.05 * moved, key
