# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.HRNet.hrnet import HRNet, hrnet_lite, hrnet_w18, hrnet_w18_face, hrnet_w32
from tests.backbone_checks import check_batches, check_reset_classifier, count_trainable

_SMALL = {"blocks": 1, "stem_width": 4, "first_width": 2, "first_blocks": 1, "out_channels": 12}
_FOUR = {**_SMALL, "widths": (4, 6, 8, 10), "modules": (1, 2, 1), "head_widths": (2, 2, 3, 4)}
# Small of width and depth, one for every way the class is built, with the channels and sides of its pictures.
VARIANTS = {
    "imagenet": (_FOUR, (3, 64, 64)),
    "face": ({**_FOUR, "stem_stride": 1, "head": "embedding", "input_size": 32}, (3, 32, 32)),
    "three": ({**_SMALL, "widths": (4, 6, 8), "modules": (1, 1), "blocks": 2, "head_widths": (2, 3, 4)}, (3, 50, 50)),
    "grey": ({**_FOUR, "stem_stride": 1, "in_channels": 1, "head_widths": (2, 2, 2, 2)}, (1, 48, 48)),
}
# Parameters with 8 classes (face: without classes): the totals of the tensor lists of timm's hrnet_w18, PaddleClas's HRNet_W18_C and
# FaceX-Zoo's HRNet; the wider one by timm's total for 1000 classes, less the 992 classes.
PARAMETERS = {
    "w18": (lambda: hrnet_w18(num_classes=8), 19_266_396),
    "w18_face": (lambda: hrnet_w18_face(num_classes=0), 70_631_252),
    "w32": (lambda: hrnet_w32(num_classes=8), 41_232_680 - 992 * 2049),
    "lite": (lambda: hrnet_lite(num_classes=8), 605_768),
}
# Foreign name -> ours, for the three libraries.
RENAMES = {
    "timm or the HRNet authors": {
        "conv1.weight": "stem.0.conv.weight",
        "bn2.running_var": "stem.1.bn._variance",
        "layer1.0.conv3.weight": "layer1.0.conv3.conv.weight",
        "layer1.0.downsample.1.running_mean": "layer1.0.downsample.bn._mean",
        "transition1.0.0.weight": "transitions.0.conv.weight",
        "transition1.1.0.1.bias": "transitions.1.bn.bias",
        "transition3.3.0.0.weight": "transitions.3.conv.weight",
        "stage2.0.branches.1.0.bn2.weight": "stages.0.0.branches.1.0.conv2.bn.weight",
        "stage3.2.fuse_layers.0.1.0.weight": "stages.1.2.fuse_layers.0.1.conv.weight",
        "stage3.0.fuse_layers.1.0.0.0.weight": "stages.1.0.fuse_layers.1.0.0.conv.weight",
        "stage4.1.fuse_layers.3.0.1.1.running_mean": "stages.2.1.fuse_layers.3.0.1.bn._mean",
        "incre_modules.1.0.bn3.weight": "incre_modules.1.conv3.bn.weight",
        "downsamp_modules.0.0.bias": "downsamp_modules.0.conv.bias",
        "final_layer.1.weight": "final_layer.bn.weight",
        "classifier.weight": "head.weight",
    },
    "FaceX-Zoo": {
        "transition1.0.0.weight": "transitions.0.conv.weight",
        "final_layer.0.bias": "final_layer.conv.bias",
        "output_layer.1.weight": "embedding.linear.weight",
        "output_layer.2.bias": "embedding.bn.bias",
        "output_layer.2.running_var": "embedding.bn._variance",
    },
    "PaddleClas": {
        "conv_layer1_2.conv.weight": "stem.1.conv.weight",
        "layer1.0.conv_down.bn._mean": "layer1.0.downsample.bn._mean",
        "conv_tr1_1.conv.weight": "transitions.0.conv.weight",
        "conv_tr3.bn.weight": "transitions.3.bn.weight",
        "st2.stage_func_list.0.basic_block_list.1.3.conv2.bn.bias": "stages.0.0.branches.1.3.conv2.bn.bias",
        "st4.stage_func_list.2.fuse_func.residual_func_list.2.conv.weight": "stages.2.2.fuse_layers.0.3.conv.weight",
        "st4.stage_func_list.0.fuse_func.residual_func_list.12.bn._variance": "stages.2.0.fuse_layers.3.0.2.bn._variance",
        "last_cls.func_list.3.conv_down.conv.weight": "incre_modules.3.downsample.conv.weight",
        "cls_head_conv_list.2.bn.weight": "downsamp_modules.2.bn.weight",
        "conv_last.conv.weight": "final_layer.conv.weight",
        "fc.bias": "head.bias",
    },
}


def build(variant, **changes):
    """The variant with batch-norm statistics, scales and shifts far from their initial ones, and a batch of four pictures for it."""
    keywords, shape = VARIANTS[variant]
    paddle.seed(0)
    model = HRNet(**{"num_classes": 8, **keywords, **changes})
    rng = np.random.default_rng(0)
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            size = layer.weight.shape
            layer._mean.set_value(rng.normal(0, 0.3, size).astype("float32"))
            layer._variance.set_value(rng.uniform(0.5, 1.5, size).astype("float32"))
            layer.weight.set_value(rng.uniform(0.5, 1.5, size).astype("float32"))
            layer.bias.set_value(rng.normal(0, 0.5, size).astype("float32"))
    return model, paddle.to_tensor(rng.normal(0, 1, (4, *shape)).astype("float32"))


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


def untouched(model, pictures) -> set[str]:
    model.clear_gradients()
    paddle.nn.functional.cross_entropy(model(pictures), paddle.to_tensor(np.arange(4))).backward()
    return {name for name, p in model.named_parameters() if p.trainable and (p.grad is None or not np.abs(p.grad.numpy()).max() > 1e-7)}


def test_every_parameter_receives_a_gradient(variant):
    """The biases in front of a normalisation do so only where that does not take them out, in evaluation."""
    model, pictures = build(variant)
    model.train()
    missed = untouched(model, pictures)
    assert missed <= {name for name, _ in model.named_parameters() if name.endswith("conv.bias")}
    model.eval()
    assert not missed & untouched(model, pictures)


def test_output_does_not_depend_on_the_batch(variant):
    check_batches(*build(variant))


@pytest.mark.parametrize(
    ("stem_stride", "height", "width"), [(2, 48, 48), (2, 50, 99), (2, 112, 75), (2, 224, 224), (1, 49, 64), (1, 112, 112)]
)
def test_any_size_gives_a_map_of_the_coarsest_branch(stem_stride, height, width):
    model = HRNet(num_classes=0, stem_stride=stem_stride, **_FOUR).eval()
    with paddle.no_grad():
        features = model.forward_features(paddle.randn([1, 3, height, width]))
        assert model.forward_head(features).shape == [1, 12]
    stride = 16 * stem_stride
    assert features.shape == [1, 12, -(-height // stride), -(-width // stride)]
    assert np.isfinite(features.numpy()).all()


def test_embedding_head_counts_the_map_of_odd_sizes():
    model = HRNet(**{**_FOUR, "head": "embedding", "input_size": 50}, stem_stride=1, num_classes=0).eval()
    assert model.embedding.linear.weight.shape == [12 * 4 * 4, 512]
    assert model(paddle.zeros([1, 3, 50, 50])).shape == [1, 512]


@pytest.mark.parametrize("size", [(8, 8), (7, 5)], ids=["even", "odd"])
def test_exchange_equals_a_walk_over_the_flat_list(size):
    """PaddleClas numbers an exchange's convolutions in the order of its forward pass; here that pass is written out with NumPy."""
    origin = next(origin for origin in HRNet.origins if origin.name == "PaddleClas")
    model = HRNet(num_classes=0, **_FOUR).eval()
    module = model.stages[2][0]
    layers = dict(model.named_sublayers())
    rng = np.random.default_rng(3)
    maps = []
    for channels in _FOUR["widths"]:
        maps.append(rng.normal(0, 1, (1, channels, *size)).astype("float32"))
        size = tuple(-(-side // 2) for side in size)

    def convolved(number, x):
        name = origin.rename(f"st4.stage_func_list.0.fuse_func.residual_func_list.{number}.conv.weight")
        layer = layers[name.removesuffix(".conv.weight")]
        kernel, stride = layer.conv.weight.numpy(), layer.conv._stride[0]
        pad = kernel.shape[2] // 2
        padded = np.pad(x[0], ((0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
        return np.einsum("ihwkl,oikl->ohw", windows, kernel)[None] / np.sqrt(1 + 1e-5)

    number, expected = 0, []
    for i, total in enumerate(maps):
        for j, x in enumerate(maps):
            for step in range(max(i - j, int(j > i))):
                x = convolved(number, x)
                number += 1
                if j < i and step < i - j - 1:
                    x = np.maximum(x, 0)
            if j > i:
                x = x.repeat(2 ** (j - i), 2).repeat(2 ** (j - i), 3)[:, :, : total.shape[2], : total.shape[3]]
            if j != i:
                total = total + x
        expected.append(np.maximum(total, 0))
    module.branches = paddle.nn.LayerList(paddle.nn.Identity() for _ in maps)
    with paddle.no_grad():
        found = module([paddle.to_tensor(x) for x in maps])
    assert number == 16
    for ours, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), reference, atol=1e-5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name):
    function, expected = PARAMETERS[name]
    assert count_trainable(function) == expected


def test_first_weights_are_kaiming_normal_by_the_fan_out():
    paddle.seed(0)
    model = hrnet_lite(num_classes=2)
    for layer in (model.transitions[0].conv, model.downsamp_modules[2].conv):
        out_channels, _, height, width = layer.weight.shape
        assert float(layer.weight.std()) == pytest.approx((2 / (out_channels * height * width)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", RENAMES)
def test_foreign_names_become_ours(name):
    origin = next(origin for origin in HRNet.origins if origin.name == name)
    for theirs, ours in RENAMES[name].items():
        assert origin.rename(theirs) == ours
        assert origin.reason_to_leave_out(theirs) is None


@pytest.mark.parametrize("name", RENAMES)
def test_translated_names_exist(name):
    full = {**_FOUR, "modules": (1, 4, 3), "blocks": 4}  # the depth of all published ones, which alone sets the names
    model = HRNet(**full, head="embedding" if name == "FaceX-Zoo" else "pool")
    assert set(RENAMES[name].values()) <= set(model.state_dict())


def test_each_checkpoint_is_told_from_the_others():
    names = {
        "timm or the HRNet authors": ["conv1.weight", "transition1.0.0.weight", "classifier.bias"],
        "FaceX-Zoo": ["conv1.weight", "transition1.0.0.weight", "output_layer.1.weight"],
        "PaddleClas": ["conv_layer1_1.conv.weight", "st2.stage_func_list.0.basic_block_list.0.0.conv1.conv.weight", "fc.weight"],
    }
    for name, tensors in names.items():
        assert [origin.name for origin in HRNet.origins if origin.matches(tensors)] == [name]


def test_reset_classifier_leaves_the_trunk_alone(variant):
    check_reset_classifier(*build(variant))


@pytest.mark.parametrize("variant", ["three", "grey"], indirect=True)
def test_exported_program_computes_the_same(variant, tmp_path):
    model, pictures = build(variant)
    model.eval()
    spec = paddle.static.InputSpec([-1, *pictures.shape[1:]], "float32")
    paddle.jit.save(model, str(tmp_path / "program"), input_spec=[spec])
    program = paddle.jit.load(str(tmp_path / "program"))
    program.eval()
    for count in (1, 3):
        expected = model(pictures[:count]).numpy()
        np.testing.assert_allclose(program(pictures[:count]).numpy(), expected, atol=1e-4 * np.abs(expected).max())


def test_static_program_with_onednn_trains_as_eager_mode():
    """The form in which the CPU trains; paddle's own interpolate would refuse to run in it."""
    (keywords, shape), shallow = VARIANTS["three"], {"blocks": 1}
    eager, pictures = build("three", **shallow)
    targets = np.arange(4)[:, None]
    state = {name: value.numpy().copy() for name, value in eager.state_dict().items()}

    def loss_and_optimizer(model, x, y):
        # A sum: the mean is no oneDNN kernel, and says so.
        loss = paddle.nn.functional.cross_entropy(model(x), y, reduction="sum")
        return loss, paddle.optimizer.AdamW(0.001, parameters=model.parameters())

    eager.train()
    expected = []
    _, optimizer = loss_and_optimizer(eager, pictures, paddle.to_tensor(targets))
    for _ in range(3):
        loss, _ = loss_and_optimizer(eager, pictures, paddle.to_tensor(targets))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        expected.append(float(loss))
    paddle.set_flags({"FLAGS_use_mkldnn": True})
    paddle.enable_static()
    try:
        main, startup, scope = paddle.static.Program(), paddle.static.Program(), paddle.static.Scope()
        with paddle.static.program_guard(main, startup), paddle.static.scope_guard(scope):
            twin = HRNet(**{"num_classes": 8, **keywords, **shallow})
            twin.train()
            x, y = paddle.static.data("x", [4, *shape], "float32"), paddle.static.data("y", [4, 1], "int64")
            loss, optimizer = loss_and_optimizer(twin, x, y)
            optimizer.minimize(loss)
            executor = paddle.static.Executor(paddle.CPUPlace())
            executor.run(startup)
            for name, variable in twin.state_dict().items():
                scope.find_var(variable.name).get_tensor().set(state[name], paddle.CPUPlace())
            feed = {"x": pictures.numpy(), "y": targets}
            found = [float(executor.run(main, feed=feed, fetch_list=[loss])[0]) for _ in range(3)]
    finally:
        paddle.disable_static()
        paddle.set_flags({"FLAGS_use_mkldnn": False})
    assert expected[2] < expected[0] - 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize(
    "keywords",
    [
        {"widths": (4,), "modules": (), "head_widths": (2,)},
        {"widths": (4, 6, 8), "modules": (1, 1, 1)},
        {"widths": (4, 6, 8, 10), "head_widths": (2, 2, 2)},
        {"widths": (4, 6, 8, 10), "modules": (1, 0, 1)},
        {"widths": (4, 6, 8, 10), "blocks": 0},
        {"widths": (4, 6, 8, 10), "stem_stride": 4},
        {"widths": (4, 6, 8, 10), "head": "mean"},
    ],
)
def test_impossible_shapes_are_refused(keywords):
    with pytest.raises(ValueError, match="HRNet"):
        HRNet(**keywords)
