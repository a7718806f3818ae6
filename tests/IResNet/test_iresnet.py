# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.IResNet import iresnet
from image_classification.IResNet.iresnet import IResNet, IResNetUnit
from tests.backbone_checks import check_batches, check_gradients, check_reset_classifier, count_trainable

# Small of width and depth, one for every way the class is built; 16 -> 16 takes the shortcut without parameters.
VARIANTS = {
    "face": ({"units": (1, 2, 1, 1), "widths": (16, 16, 32, 48), "head": "embedding", "input_size": 48}, (3, 48)),
    "ir": ({"units": (1, 1, 2, 1), "widths": (8, 12, 12, 20), "se": False, "stem_stride": 2}, (3, 64)),
    "ir_face": ({"units": (1, 1, 1, 1), "widths": (8, 8, 12, 16), "se": False, "head": "embedding", "input_size": 33}, (1, 33)),
    "lite": ({"units": (2, 1, 1, 2), "widths": (16, 32, 32, 48)}, (1, 48)),
}
# Trainable numbers without a classifier: of 152 as in FaceX-Zoo's checkpoint of mode ir_se; FaceX-Zoo's table says 43.57 M for 50 ir.
TOTALS = {("iresnet152", True): 71_148_736, ("iresnet50", False): 43_574_976}
FACEX_ZOO = {
    "input_layer.0.weight": "stem.conv.weight",
    "input_layer.1.running_mean": "stem.bn._mean",
    "input_layer.2.weight": "stem_act._weight",
    "body.0.res_layer.0.bias": "units.0.norm.bias",
    "body.1.res_layer.1.weight": "units.1.conv1.weight",
    "body.2.res_layer.2.weight": "units.2.act._weight",
    "body.3.res_layer.3.weight": "units.3.conv2.conv.weight",
    "body.4.res_layer.4.running_var": "units.4.conv2.bn._variance",
    "body.3.res_layer.5.fc1.weight": "units.3.se.fc1.weight",
    "body.3.shortcut_layer.0.weight": "units.3.shortcut.conv.weight",
    "body.3.shortcut_layer.1.running_mean": "units.3.shortcut.bn._mean",
    "output_layer.0.weight": "embedding.norm.weight",
    "output_layer.3.bias": "embedding.linear.bias",
    "output_layer.4.running_mean": "embedding.bn._mean",
}


def unsettle(model, rng):
    """Takes the batch-norm statistics, scales and shifts and PReLU's slopes far from their initial values."""
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D | paddle.nn.BatchNorm1D):
            size = layer.weight.shape
            layer._mean.set_value(rng.normal(0, 0.5, size).astype("float32"))
            layer._variance.set_value(rng.uniform(0.3, 2.0, size).astype("float32"))
            layer.weight.set_value(rng.uniform(0.5, 1.5, size).astype("float32"))
            layer.bias.set_value(rng.normal(0, 0.5, size).astype("float32"))
        elif isinstance(layer, paddle.nn.PReLU):
            layer._weight.set_value(rng.uniform(-0.5, 0.5, layer._weight.shape).astype("float32"))


def build(variant, num_classes=8):
    """The variant with numbers that a wrong order of layers would show in, and a batch of four pictures for it."""
    keywords, (channels, side) = VARIANTS[variant]
    paddle.seed(0)
    model = IResNet(num_classes=num_classes, in_channels=channels, **keywords)
    rng = np.random.default_rng(0)
    unsettle(model, rng)
    return model, paddle.to_tensor(rng.normal(0, 1, (4, channels, side, side)).astype("float32"))


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


def convolved(x, weight, stride):
    """x [C, H, W] with kernels [O, C, k, k], "same" padding, as NumPy sums."""
    half = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (half, half), (half, half)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("ihwkl,oikl->ohw", windows, weight)


def normalised(x, bn):
    mean, variance, scale, shift = (v.numpy().astype(float)[:, None, None] for v in (bn._mean, bn._variance, bn.weight, bn.bias))
    return (x - mean) / np.sqrt(variance + bn._epsilon) * scale + shift


@pytest.mark.parametrize("side", [6, 7])
@pytest.mark.parametrize(
    ("channels", "stride", "se"), [((16, 32), 2, True), ((16, 16), 2, False), ((16, 16), 1, True), ((16, 32), 1, False)]
)
def test_unit_equals_its_formula(channels, stride, se, side):
    """Against NumPy: order of the layers, place of the stride, both shortcuts, odd maps."""
    rng = np.random.default_rng(1)
    paddle.seed(1)
    unit = IResNetUnit(*channels, stride, se)
    unsettle(unit, rng)
    unit.eval()
    x = rng.normal(0, 1, (channels[0], side, side))
    y = convolved(normalised(x, unit.norm), unit.conv1.weight.numpy(), 1)
    y = np.where(y > 0, y, y * unit.act._weight.numpy()[:, None, None])
    y = normalised(convolved(y, unit.conv2.conv.weight.numpy(), stride), unit.conv2.bn)
    if se:
        squeezed = np.maximum(unit.se.fc1.weight.numpy()[:, :, 0, 0] @ y.mean((1, 2)), 0)
        y = y / (1 + np.exp(-unit.se.fc2.weight.numpy()[:, :, 0, 0] @ squeezed))[:, None, None]
    if channels[0] == channels[1]:
        y = y + x[:, ::stride, ::stride]
    else:
        y = y + normalised(convolved(x, unit.shortcut.conv.weight.numpy(), stride), unit.shortcut.bn)
    with paddle.no_grad():
        np.testing.assert_allclose(unit(paddle.to_tensor(x[None].astype("float32"))).numpy()[0], y, atol=1e-4)


def test_every_parameter_receives_a_gradient(variant):
    check_gradients(*build(variant))


def test_output_does_not_depend_on_the_batch(variant):
    check_batches(*build(variant))


def test_traced_program_equals_the_layers(variant):
    """With a batch left open, as exported."""
    model, pictures = build(variant)
    model.eval()
    spec = [paddle.static.InputSpec([None, *pictures.shape[1:]], "float32")]
    with paddle.no_grad():
        expected = model(pictures).numpy()
    # With oneDNN on, Paddle crashes in traced layers called from Python; exported programs are tested with it.
    flag = paddle.get_flags("FLAGS_use_mkldnn")
    paddle.set_flags({"FLAGS_use_mkldnn": False})
    try:
        traced = paddle.jit.to_static(model, input_spec=spec, full_graph=True)
        with paddle.no_grad():
            for count in (4, 1):
                np.testing.assert_allclose(traced(pictures[:count]).numpy(), expected[:count], atol=1e-5 * np.abs(expected).max())
    finally:
        paddle.set_flags(flag)


def test_static_training_step_has_the_eager_gradients(variant):
    """In one step of plain descent in a oneDNN program, where a PReLU whose layouts are not settled goes wrong without a word."""
    model, pictures = build(variant)
    model.train()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    targets = np.arange(4)
    paddle.nn.functional.cross_entropy(model(pictures), paddle.to_tensor(targets)).backward()
    gradients = {name: p.grad.numpy() for name, p in model.named_parameters() if p.trainable}
    # A whole step wide, so that the difference of the weights still has the gradient's digits.
    after = static_step(variant, before, pictures.numpy(), targets, 1.0)
    scale = max(np.abs(gradient).max() for gradient in gradients.values())
    for name, gradient in gradients.items():
        atol = 1e-2 * np.abs(gradient).max() + 1e-5 * scale
        np.testing.assert_allclose(before[name] - after[name], gradient, rtol=0, atol=atol, err_msg=name)


def static_step(variant, weights, pictures, targets, rate):
    keywords, (channels, _) = VARIANTS[variant]
    paddle.set_flags({"FLAGS_use_mkldnn": True})
    paddle.enable_static()
    try:
        program, startup, scope = paddle.static.Program(), paddle.static.Program(), paddle.static.Scope()
        with paddle.static.program_guard(program, startup), paddle.static.scope_guard(scope):
            model = IResNet(num_classes=8, in_channels=channels, **keywords)
            model.train()
            fed = paddle.static.data("pictures", pictures.shape, "float32"), paddle.static.data("targets", targets.shape, "int64")
            loss = paddle.nn.functional.cross_entropy(model(fed[0]), fed[1])
            paddle.optimizer.Momentum(rate, 0.0, parameters=model.parameters()).minimize(loss)
            executor = paddle.static.Executor(paddle.CPUPlace())
            executor.run(startup)
            tensors = {name: scope.find_var(variable.name).get_tensor() for name, variable in model.state_dict().items()}
            for name, tensor in tensors.items():
                tensor.set(weights[name], paddle.CPUPlace())
            executor.run(program, feed={"pictures": pictures, "targets": targets}, fetch_list=[loss])
            return {name: np.array(tensor) for name, tensor in tensors.items()}
    finally:
        paddle.disable_static()
        paddle.set_flags({"FLAGS_use_mkldnn": False})


@pytest.mark.parametrize("stem_stride", [1, 2])
@pytest.mark.parametrize("size", [(16, 16), (48, 48), (49, 71), (112, 50), (224, 224)])
def test_pooled_head_takes_any_size(size, stem_stride):
    model = IResNet(units=(1, 1, 1, 1), widths=(4, 4, 6, 8), se=False, stem_stride=stem_stride, num_classes=3)
    model.eval()
    with paddle.no_grad():
        features = model.forward_features(paddle.ones([1, 3, *size]))
        # Five halvings with the stem's, four without, each rounded up.
        assert features.shape == [1, 8, *(-(-side // (16 * stem_stride)) for side in size)]
        assert model.forward_head(features).shape == [1, 3]


@pytest.mark.parametrize(("input_size", "stem_stride"), [(50, 1), (33, 1), (112, 1), (101, 2), (224, 2)])
def test_embedding_head_counts_the_positions(input_size, stem_stride):
    keywords = {"units": (1, 1, 1, 1), "widths": (4, 4, 6, 8), "se": False, "head": "embedding"}
    model = IResNet(**keywords, input_size=input_size, stem_stride=stem_stride, num_classes=0)
    model.eval()
    with paddle.no_grad():
        assert model(paddle.zeros([2, 3, input_size, input_size])).shape == [2, 512]


def test_dropout_stands_before_the_embedding_or_else_before_the_classifier():
    keywords = {"units": (1,), "widths": (16,), "dropout": 0.4, "input_size": 16}
    face = IResNet(**keywords, head="embedding")
    assert (face.embedding.dropout.p, face.dropout.p) == (0.4, 0.0)
    assert IResNet(**keywords, head="pool").dropout.p == 0.4


def test_reset_classifier_leaves_the_trunk_alone(variant):
    check_reset_classifier(*build(variant))


def test_slopes_start_at_a_quarter():
    model = IResNet(**VARIANTS["face"][0])
    slopes = [layer._weight.numpy() for layer in model.sublayers() if isinstance(layer, paddle.nn.PReLU)]
    assert [slope.shape for slope in slopes] == [(16,), (16,), (16,), (16,), (32,), (48,)]
    assert all((slope == 0.25).all() for slope in slopes)


@pytest.mark.parametrize(("name", "se"), TOTALS)
def test_parameter_counts(name, se):
    assert count_trainable(lambda: getattr(iresnet, name)(num_classes=0, se=se)) == TOTALS[name, se]


def test_lite_counts():
    model = iresnet.iresnet_lite(num_classes=8, in_channels=1)
    assert f"{sum(p.size for p in model.parameters() if p.trainable) / 1e6:.2f}" == "1.95"


@pytest.mark.parametrize(
    ("name", "layers"), [("iresnet18", 18), ("iresnet34", 34), ("iresnet50", 50), ("iresnet100", 100), ("iresnet152", 102)]
)
def test_depths(name, layers):
    """Layers with weights: stem, two a unit, linear; 152 keeps the stages of ResNet-152, whose units have three. Keywords win."""
    model = getattr(iresnet, name)(widths=(4, 4, 4, 4), input_size=16, num_classes=4)
    assert 2 * len(model.units) + 2 == layers
    assert model.embedding.dropout.p == 0.4


def test_names_of_facex_zoo_are_translated():
    (origin,) = IResNet.origins
    assert {theirs: origin.rename(theirs) for theirs in FACEX_ZOO} == FACEX_ZOO
    assert origin.matches(FACEX_ZOO)
    assert not origin.matches(("conv1.weight", "layer1.0.bn1.weight", "layer1.0.prelu.weight"))  # insightface
    assert origin.reason_to_leave_out("body.0.res_layer.0.num_batches_tracked")


@pytest.mark.parametrize("se", [True, False])
def test_names_of_facex_zoo_fill_the_model(se):
    """All of them, for twelve units of which two have a convolution in the shortcut."""
    bn = ("weight", "bias", "running_mean", "running_var")
    theirs = ["input_layer.0.weight", "input_layer.2.weight", "output_layer.3.weight", "output_layer.3.bias"]
    theirs += [f"{layer}.{part}" for layer in ("input_layer.1", "output_layer.0", "output_layer.4") for part in bn]
    for i in range(12):
        theirs += [f"body.{i}.res_layer.{j}.{part}" for j in (0, 4) for part in bn]
        theirs += [f"body.{i}.res_layer.{part}.weight" for part in (1, 2, 3, *(("5.fc1", "5.fc2") if se else ()))]
    for i in (3, 10):
        theirs += [f"body.{i}.shortcut_layer.0.weight", *(f"body.{i}.shortcut_layer.1.{part}" for part in bn)]
    model = IResNet(units=(3, 7, 2), widths=(4, 6, 8), se=se, head="embedding", input_size=16, num_classes=0)
    (origin,) = IResNet.origins
    assert sorted(map(origin.rename, theirs)) == sorted(model.state_dict())


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"units": (1, 1)}, "4 widths for 2 stages"),
        ({"units": (), "widths": ()}, "0 widths for 0 stages"),
        ({"units": (1, 0, 1, 1)}, "a unit and a channel or more"),
        ({"units": (1,), "widths": (0,)}, "a unit and a channel or more"),
        ({"units": (1,), "widths": (16,), "stem_stride": 4}, "stem_stride"),
        ({"units": (1,), "widths": (16,), "head": "flatten"}, "'pool' or 'embedding'"),
    ],
)
def test_impossible_shapes_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message) as error:
        IResNet(**keywords)
    assert str(error.value).startswith("IResNet")
