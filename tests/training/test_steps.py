# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, Registered
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.training.steps import EagerStep, StaticStep, choose_step
from image_classification.CFC_SP.training.validation import measure_statistics
from image_classification.CFC_SP.weights.model import build_model
from image_classification.SwinTransformer.swin import SwinTransformer

FORMS = [EagerStep, StaticStep]


@pytest.fixture
def config(small_config, tiny_network):
    return small_config({"TRAIN.WEIGHT_DECAY": 2.0, "TRAIN.LABEL_SMOOTHING": 0.1, "TRAIN.BASE_LR": 0.02})


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    targets = rng.random((4, 16, 5)).astype("float32")
    return list(zip(rng.integers(0, 256, (4, 16, 16, 16, 3), dtype=np.uint8), targets / targets.sum(2, keepdims=True), strict=True))


def build(config, seed=0):
    paddle.seed(seed)
    return build_model(config)


def test_both_forms_train_alike(config, batches):
    """Losses and weights of four steps; a decay this strong would show if either form applied it otherwise."""
    model = build(config)
    steppers = [form(config, model, 8) for form in FORMS]
    losses = np.array([[stepper(*batch) for batch in batches] for stepper in steppers])
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-4)
    assert len(set(losses[0].tolist())) == 4
    eager, static = ({name: np.asarray(value) for name, value in stepper.weights().items()} for stepper in steppers)
    assert list(eager) == list(static)
    start = model.state_dict()
    for name, value in eager.items():
        # oneDNN's training kernel leaves the running statistics as they were.
        if name.endswith(("_mean", "_variance")):
            continue
        moved = np.abs(value - start[name].numpy()).max()
        assert moved > 0
        np.testing.assert_allclose(static[name], value, atol=0.1 * moved, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
def test_an_adjustment_is_added_to_the_logits(form, small_config, tiny_network, batches):
    """Fresh logits are near zero, so that the loss is that of the adjustment alone, and of a guess without one."""
    adjustment = np.log(np.array([0.6, 0.1, 0.1, 0.1, 0.1], np.float32))
    config, (crops, targets) = small_config({"MODEL.DROPOUT": 0.0}), batches[0]
    plain, adjusted = (form(config, build(config), 8, adjustment=change)(crops, targets) for change in (None, adjustment))
    assert plain == pytest.approx(np.log(5), abs=0.05)
    assert adjusted == pytest.approx(-(targets * adjustment).sum() / len(targets), abs=0.05)
    assert adjusted > plain + 0.2


@pytest.mark.parametrize("form", FORMS)
def test_loss_falls_on_one_batch(form, small_config, tiny_network, batches):
    config = small_config({"TRAIN.BASE_LR": 0.1})
    stepper = form(config, build(config), 20)
    crops, targets = batches[0]
    single = np.eye(5, dtype=np.float32)[targets.argmax(1)]
    losses = [stepper(crops, single) for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("form", FORMS)
def test_resumed_equals_uninterrupted_bit_for_bit(form, config, batches):
    whole = form(config, build(config), 4)
    expected = [whole(*batch) for batch in batches]

    first = form(config, build(config), 4)
    losses = [first(*batch) for batch in batches[:2]]
    # As it comes back from a file, into an object that started from other weights.
    state = {name: np.array(value) for name, value in first.state().items()}
    second = form(config, build(config, seed=5), 4)
    second.load_state(state, 2)
    assert second.optimizer.get_lr() == first.optimizer.get_lr()
    losses += [second(*batch) for batch in batches[2:]]

    assert losses == expected
    expected_state, state = whole.state(), second.state()
    assert list(state) == list(expected_state)
    assert sum(name.startswith("optimizer.") for name in state) == 4 * sum(p.trainable for p in build(config).parameters())
    for name, value in expected_state.items():
        np.testing.assert_array_equal(state[name], value, err_msg=name)


def test_a_checkpoint_moves_between_the_forms(config, batches):
    """Training begun on the CPU goes on with the GPU's form, and the other way round."""
    for begin, go_on in (FORMS, FORMS[::-1]):
        stepper = begin(config, build(config), 4)
        for batch in batches[:2]:
            stepper(*batch)
        other = go_on(config, build(config, seed=5), 4)
        other.load_state(stepper.state(), 2)
        np.testing.assert_allclose([other(*batch) for batch in batches[2:]], [stepper(*batch) for batch in batches[2:]], rtol=2e-4)


@pytest.mark.parametrize("form", FORMS)
def test_weights_are_copies_and_the_model_given_is_left_alone(form, config, batches):
    model = build(config)
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    stepper = form(config, model, 4)
    weights = stepper.weights()
    stepper(*batches[0])
    for name, value in before.items():
        np.testing.assert_array_equal(np.asarray(weights[name]), value, err_msg=name)
        np.testing.assert_array_equal(model.state_dict()[name].numpy(), value, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
def test_onednn_is_off_outside_a_step(form, config, batches):
    """With the flag left on, exported and traced programs come out wrong."""
    form(config, build(config), 4)(*batches[0])
    assert paddle.in_dynamic_mode()
    assert not paddle.get_flags("FLAGS_use_mkldnn")["FLAGS_use_mkldnn"]


def test_parts_of_a_batch_add_up(small_config, batches, monkeypatch):
    """Without batch norm, whose statistics are each part's own, two parts of a batch train as the whole."""

    def build_small(**keywords):
        return SwinTransformer(width=12, depths=(2, 2), heads=(3, 6), windows=6, **keywords)

    monkeypatch.setitem(BACKBONES, "swin_lite", Registered(SwinTransformer, build_small))
    config = {"MODEL.NAME": "swin_lite", "MODEL.INPUT_SIZE": 48, "TRAIN.BASE_LR": 0.02}
    model = build(small_config(config))
    whole, parts = (EagerStep(small_config(config | {"TRAIN.ACCUMULATE": count}), model, 8) for count in (1, 2))
    for batch in batches[:2]:
        np.testing.assert_allclose(parts(*batch), whole(*batch), rtol=1e-5)
    assert choose_step(small_config({"TRAIN.ACCUMULATE": 2}), "cpu") is EagerStep


def test_eager_steps_on_the_cpu_make_no_views(config, batches):
    """A transpose that is a view is copied element by element by whatever reads it, twenty times as slow."""
    before = paddle.get_flags("FLAGS_use_stride_kernel")
    try:
        paddle.set_flags({"FLAGS_use_stride_kernel": True})
        EagerStep(config, build(config), 4)(*batches[0])
        assert paddle.zeros([2, 3]).transpose([1, 0]).is_contiguous()
    finally:
        paddle.set_flags(before)


@pytest.mark.parametrize("form", FORMS)
def test_frozen_parts_stay_as_they_were(form, small_config, tiny_network, batches):
    """Weights in a step, and statistics when they are measured; the rest moves."""
    config = small_config({"MODEL.FROZEN": "[stem, stages.0.0]", "TRAIN.BASE_LR": 0.02})
    model = build(config)
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    stepper = form(config, model, 4)
    for batch in batches:
        stepper(*batch)
    after = {name: np.asarray(value) for name, value in stepper.weights().items()}
    model.set_state_dict(after)
    measure_statistics(model, batches)
    after = {name: value.numpy() for name, value in model.state_dict().items()}
    for name, value in before.items():
        frozen = name.startswith(("backbone.stem.", "backbone.stages.0.0."))
        assert np.array_equal(after[name], value) == frozen, name


@pytest.mark.parametrize("names", ["[stem, pairs.0]", "[stages.0.0]", "[stem, stages.0.1]"])
def test_only_the_first_parts_can_be_frozen(small_config, tiny_network, names):
    with pytest.raises(UserError, match="MODEL.FROZEN: expected the first parts of repvgg_lite, in their order stem, stages, .* found"):
        build_model(small_config({"MODEL.FROZEN": names}))


def test_choice_of_form(small_config):
    assert choose_step(small_config(), "cpu") is StaticStep
    assert choose_step(small_config(), "gpu") is EagerStep
    assert choose_step(small_config({"DATA.CROP_SIZE": 56}), "cpu") is StaticStep
    assert choose_step(small_config({"TRAIN.GRAD_CLIP": 5.0}), "cpu") is EagerStep
    assert choose_step(small_config({"MODEL.NAME": "swin_lite", "MODEL.INPUT_SIZE": 48}), "cpu") is EagerStep
