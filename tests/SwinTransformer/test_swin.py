# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest
from paddle import inference

from image_classification.SwinTransformer.swin import (
    ORIGINS,
    PatchMerging,
    SwinBlock,
    SwinTransformer,
    swin_lite,
    swin_s,
    swin_s_face,
    swin_t,
)
from tests.backbone_checks import check_batches, check_gradients, check_reset_classifier, count_trainable

# Small of width and depth, one for every way the class is built: channels, height and width of its pictures last.
VARIANTS = {
    "imagenet": ({"width": 8, "depths": (2, 2), "heads": (2, 4), "windows": 4, "input_size": 32}, (3, 32, 32)),
    "face": ({"width": 8, "depths": (2, 1), "heads": (2, 2), "windows": 4, "input_size": 32, "head": "embedding"}, (3, 32, 32)),
    "no norm": ({"width": 8, "depths": (2, 2), "heads": (2, 4), "windows": 4, "input_size": 40, "final_norm": False}, (3, 40, 40)),
    "padded": ({"width": 8, "depths": (2, 2, 1), "heads": (1, 2, 4), "windows": 3, "input_size": (52, 40)}, (3, 52, 40)),
    "lite": ({"width": 8, "depths": (2, 2, 2), "heads": (1, 2, 4), "windows": (6, 6, 3), "input_size": 48, "in_channels": 1}, (1, 48, 48)),
    "conv": ({"width": 8, "depths": (2, 2), "heads": (2, 4), "windows": 4, "input_size": (36, 32), "stem": "conv"}, (3, 36, 32)),
}
# Parameters that gradients reach. Sums over the published checkpoints' tensors: timm's with 8 classes, the CFC-SP authors' coarse one,
# FaceX-Zoo's; the authors' paper gives 28 M for Swin-T, and its model 28,288,354; the lite network's is ours.
PARAMETERS = [
    (swin_s, {"num_classes": 8}, 48_843_410),
    (swin_s, {"num_classes": 5}, 48_841_103),
    (swin_s_face, {"num_classes": 0}, 68_106_378),
    (swin_t, {"num_classes": 1000}, 28_288_354),
    (swin_lite, {"num_classes": 8, "in_channels": 1}, 1_287_402),
]


def randomise(layer, seed=0):
    """Weights far from their initial ones, so that attention is not uniform, no scale one and no bias zero."""
    rng = np.random.default_rng(seed)
    for name, parameter in layer.named_parameters():
        if parameter.trainable:
            values = rng.normal(0, 1, parameter.shape)
            matrix = parameter.ndim > 1 and not name.endswith("bias_table")
            inputs = np.prod(parameter.shape[1:] if parameter.ndim == 4 else parameter.shape[:-1])
            values = values / inputs**0.5 if matrix else values * 0.5 + 0.5
            parameter.set_value(values.astype("float32"))
    return layer


def build(variant, num_classes=5):
    """The variant with such weights, and a batch of four pictures for it."""
    keywords, shape = VARIANTS[variant]
    paddle.seed(0)
    pictures = np.random.default_rng(1).normal(0, 1, (4, *shape)).astype("float32")
    return randomise(SwinTransformer(num_classes=num_classes, **keywords)), paddle.to_tensor(pictures)


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


def test_every_parameter_receives_a_gradient(variant):
    check_gradients(*build(variant))


def test_output_does_not_depend_on_the_batch(variant):
    check_batches(*build(variant))


@pytest.mark.parametrize(
    ("size", "tokens"), [(32, 1), (48, 4), (56, 4), (72, 9), (100, 16), (112, 16), (224, 49), ((48, 112), 8), ((36, 52), 4)]
)
def test_sizes(size, tokens):
    model = SwinTransformer(width=4, depths=(2, 1, 1, 1), heads=(1, 1, 2, 2), input_size=size, num_classes=3)
    model.eval()
    with paddle.no_grad():
        features = model.forward_features(paddle.randn([2, 3, *model.input_size]))
        assert features.shape == [2, tokens, 32]
        assert model.forward_head(features).shape == [2, 3]
    assert np.isfinite(features.numpy()).all()


def test_nothing_is_padded_at_224():
    model = SwinTransformer(width=2, depths=(2, 2, 2, 2), heads=(1, 1, 1, 1))
    blocks = [block for layer in model.layers for block in layer.blocks]
    assert {block.padding for block in blocks} == {(0, 0)}
    assert [block.shift for block in blocks] == [(0, 0), (3, 3)] * 3 + [(0, 0)] * 2


@pytest.mark.parametrize(("size", "shift"), [((8, 8), (0, 0)), ((8, 8), (2, 2)), ((6, 9), (2, 2)), ((3, 9), (0, 2)), ((3, 2), (0, 0))])
def test_block_attends_as_a_loop_over_tokens_does(size, shift):
    """Against NumPy: a token sees those of its own cell in a grid of 4x4 that starts at `shift`; what is beyond the map is zeros."""
    channels, heads, side = 6, 2, 4
    block = randomise(SwinBlock(channels, heads, size, side, shift, 0.0))
    model = SwinTransformer(width=channels, depths=(2,), heads=(heads,), windows=side, input_size=tuple(4 * max(8, s) for s in size))
    stage = model.layers[0]
    stage.blocks = paddle.nn.LayerList([block])
    stage.padded, stage.shift = tuple(s + -s % side for s in size), shift
    x = np.random.default_rng(2).normal(0, 1, (1, size[0] * size[1], channels)).astype("float32")
    padded = np.zeros((*stage.padded, channels))
    normalised = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    padded[: size[0], : size[1]] = (normalised * block.norm1.weight.numpy() + block.norm1.bias.numpy()).reshape(*size, channels)
    qkv = padded @ block.attn.qkv.weight.numpy() + block.attn.qkv.bias.numpy()
    q, k, v = np.moveaxis(qkv.reshape(*stage.padded, 3, heads, channels // heads), 2, 0)
    table = block.attn.relative_position_bias_table.numpy().reshape(2 * side - 1, 2 * side - 1, heads)
    attended = np.zeros((*size, channels))
    for r, c in np.ndindex(*size):
        cell = (r - shift[0]) // side, (c - shift[1]) // side
        seen = [t for t in np.ndindex(*stage.padded) if ((t[0] - shift[0]) // side, (t[1] - shift[1]) // side) == cell]
        bias = [table[r - i + side - 1, c - j + side - 1] for i, j in seen]
        scores = np.array([(q[r, c] * k[t]).sum(-1) for t in seen]) / np.sqrt(channels / heads) + bias
        weights = np.exp(scores - scores.max(0))
        weights /= weights.sum(0)
        attended[r, c] = np.einsum("th,thd->hd", weights, np.array([v[t] for t in seen])).reshape(-1)
    expected = x + (attended @ block.attn.proj.weight.numpy() + block.attn.proj.bias.numpy()).reshape(x.shape)
    with paddle.no_grad():
        block.mlp.fc2.weight.zero_()
        block.mlp.fc2.bias.zero_()
        np.testing.assert_allclose(stage(paddle.to_tensor(x)).numpy(), expected, atol=2e-4)


def test_merging_joins_four_tokens_in_the_checkpoints_order():
    merging = PatchMerging(2, (3, 5))
    x = np.random.default_rng(3).normal(0, 1, (2, 15, 2)).astype("float32")
    grid = np.zeros((2, 4, 6, 2), "float32")
    grid[:, :3, :5] = x.reshape(2, 3, 5, 2)
    four = np.concatenate([grid[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], -1).reshape(2, 6, 8)
    normalised = (four - four.mean(-1, keepdims=True)) / np.sqrt(four.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(merging(paddle.to_tensor(x)).numpy(), normalised @ merging.reduction.weight.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["face", "padded", "conv"])
def test_exported_program_needs_the_weights_alone(name, tmp_path):
    """Eager, traced, and by Paddle Inference with and without oneDNN; no buffer goes along."""
    model, pictures = build(name)
    model.eval()
    model.head.weight.set_value(model.head.weight / np.abs(model(pictures).numpy()).max())
    path = str(tmp_path / "swin")
    paddle.jit.save(model, path, input_spec=[paddle.static.InputSpec([None, *pictures.shape[1:]], "float32")])
    loaded = paddle.jit.load(path)
    loaded.eval()
    assert len(loaded.state_dict()) == len(model.state_dict())
    assert not any("index" in key or "mask" in key for key in model.state_dict())
    runs = {"traced": lambda x: loaded(paddle.to_tensor(x)).numpy(), "cpu": predictor(path, False), "onednn": predictor(path, True)}
    with paddle.no_grad():
        for count in (1, 3):
            expected = model(pictures[:count]).numpy()
            for engine, run in runs.items():
                np.testing.assert_allclose(run(pictures[:count].numpy()), expected, atol=1e-4, err_msg=f"{engine}, batch of {count}")


def predictor(path, onednn):
    config = inference.Config(f"{path}.json", f"{path}.pdiparams")
    config.disable_glog_info()
    if onednn:
        config.enable_mkldnn()
    else:
        config.disable_mkldnn()
    program = inference.create_predictor(config)

    def run(x):
        program.get_input_handle(program.get_input_names()[0]).copy_from_cpu(x)
        program.run()
        return program.get_output_handle(program.get_output_names()[0]).copy_to_cpu()

    return run


@pytest.mark.parametrize("name", ["padded", "lite"])
def test_static_training_program_has_the_eager_gradients(name):
    """With oneDNN, as the CPU may train; the lite variant's last stage has as many windows as heads."""
    keywords = VARIANTS[name][0]
    model, pictures = build(name)
    loss = paddle.nn.functional.cross_entropy(model(pictures), paddle.to_tensor(np.arange(4)), reduction="sum")
    loss.backward()
    weights = {name: parameter.numpy() for name, parameter in model.named_parameters()}
    paddle.set_flags({"FLAGS_use_mkldnn": True})
    paddle.enable_static()
    try:
        program, startup, scope = paddle.static.Program(), paddle.static.Program(), paddle.static.Scope()
        with paddle.static.program_guard(program, startup), paddle.static.scope_guard(scope):
            x, y = paddle.static.data("x", pictures.shape, "float32"), paddle.static.data("y", [4], "int64")
            twin = SwinTransformer(num_classes=5, **keywords)
            static_loss = paddle.nn.functional.cross_entropy(twin(x), y, reduction="sum")
            gradients = {parameter.name: gradient for parameter, gradient in paddle.static.append_backward(static_loss)}
            names = {name: parameter.name for name, parameter in twin.named_parameters()}
            executor = paddle.static.Executor(paddle.CPUPlace())
            executor.run(startup)
            for name, value in weights.items():
                scope.find_var(names[name]).get_tensor().set(value, paddle.CPUPlace())
            fetched = [static_loss, *(gradients[names[name]] for name in names)]
            values = executor.run(program, feed={"x": pictures.numpy(), "y": np.arange(4)}, fetch_list=fetched)
    finally:
        paddle.disable_static()
        paddle.set_flags({"FLAGS_use_mkldnn": False})
    assert float(values[0]) == pytest.approx(float(loss), rel=1e-4)
    for (name, parameter), value in zip(model.named_parameters(), values[1:], strict=True):
        expected = parameter.grad.numpy()
        np.testing.assert_allclose(value, expected, atol=1e-3 * np.abs(expected).max(), err_msg=name)


@pytest.mark.parametrize(("factory", "keywords", "expected"), PARAMETERS)
def test_parameter_counts(factory, keywords, expected):
    assert count_trainable(lambda: factory(**keywords)) == expected


def test_face_head_reads_the_tokens_one_after_the_other():
    """FaceX-Zoo's linear layer takes [49 tokens x 768 channels] in this order."""
    model, pictures = build("face", num_classes=0)
    model.eval()
    with paddle.no_grad():
        tokens = model.forward_features(pictures).numpy()
        linear, bn = model.embedding.linear, model.embedding.bn
        expected = (tokens.reshape(4, -1) @ linear.weight.numpy() + linear.bias.numpy()) * bn.weight.numpy() / np.sqrt(1 + 1e-5)
        np.testing.assert_allclose(model(pictures).numpy(), expected + bn.bias.numpy(), atol=1e-4 * np.abs(expected).max())


def test_final_norm_is_there_or_not():
    for name, expected in (("imagenet", True), ("no norm", False)):
        model, pictures = build(name)
        assert any(key.startswith("norm.") for key in model.state_dict()) is expected
        # The tokens' own statistics, since the norm's scale and shift are random here.
        model.norm = paddle.nn.LayerNorm(16) if expected else None
        assert (abs(float(model.forward_features(pictures).numpy().std(-1).mean()) - 1) < 1e-3) is expected


def test_reset_classifier_leaves_the_trunk_alone(variant):
    check_reset_classifier(*build(variant))


def test_drop_path_rises_over_the_blocks():
    model = SwinTransformer(width=2, depths=(2, 3), heads=(1, 1), input_size=32, drop_path=0.2)
    assert [block.drop_path.rate for layer in model.layers for block in layer.blocks] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    assert not any(block.drop_path.rate for layer in swin_lite().layers for block in layer.blocks)


def test_initial_weights_are_the_originals():
    """As PyTorch and timm draw them: deviation 0.02, cut off at -2 and 2, which is a hundred deviations away, not two."""
    paddle.seed(0)
    model = SwinTransformer(width=48, depths=(2, 2), heads=(3, 6), windows=6, input_size=48, num_classes=0)
    block = model.layers[1].blocks[1]
    for weight in (block.mlp.fc1.weight, block.attn.qkv.weight, model.layers[0].downsample.reduction.weight):
        assert float(weight.std()) == pytest.approx(0.02, rel=0.03)
        assert 0.06 < float(weight.abs().max()) < 0.12
    assert abs(float(block.attn.relative_position_bias_table.std()) - 0.02) < 0.004
    assert not model.layers[0].blocks[0].attn.qkv.bias.numpy().any()
    assert 0.13 < float(model.patch_embed.proj.weight.max()) <= 48**-0.5


@pytest.mark.parametrize(
    ("origin", "theirs", "ours"),
    [
        ("timm", "layers.3.downsample.reduction.weight", "layers.2.downsample.reduction.weight"),
        ("timm", "layers.1.blocks.0.attn.qkv.bias", "layers.1.blocks.0.attn.qkv.bias"),
        ("timm", "norm.weight", "norm.weight"),
        ("timm", "head.fc.weight", "head.weight"),
        ("FaceX-Zoo", "layers.0.downsample.norm.bias", "layers.0.downsample.norm.bias"),
        ("FaceX-Zoo", "output_layer.0.weight", "norm.weight"),
        ("FaceX-Zoo", "output_layer.2.weight", "embedding.linear.weight"),
        ("FaceX-Zoo", "output_layer.3.running_var", "embedding.bn._variance"),
        ("FaceX-Zoo", "layers.0.blocks.1.attn_mask", None),
        ("FaceX-Zoo", "output_layer.3.num_batches_tracked", None),
        ("PaddleClas", "layers.2.downsample.norm.weight", "layers.2.downsample.norm.weight"),
        ("PaddleClas", "head.bias", "head.bias"),
        ("PaddleClas", "layers.0.blocks.0.attn.relative_position_index", None),
        ("PaddleClas", "layers.0.blocks.0.attn.relative_position_bias_table", "layers.0.blocks.0.attn.relative_position_bias_table"),
        ("PaddleViT", "patch_embedding.patch_embed.weight", "patch_embed.proj.weight"),
        ("PaddleViT", "patch_embedding.norm.bias", "patch_embed.norm.bias"),
        ("PaddleViT", "stages.2.blocks.17.mlp.fc2.weight", "layers.2.blocks.17.mlp.fc2.weight"),
        ("PaddleViT", "stages.0.downsample.norm.weight", "layers.0.downsample.norm.weight"),
        ("PaddleViT", "norm.weight", "norm.weight"),
        ("PaddleViT", "fc.weight", "head.weight"),
        ("PaddleViT", "stages.0.blocks.1.attn_mask", None),
    ],
)
def test_foreign_names(origin, theirs, ours):
    (found,) = (one for one in ORIGINS if one.name == origin)
    if ours is None:
        assert found.reason_to_leave_out(theirs)
    else:
        assert found.reason_to_leave_out(theirs) is None
        assert found.rename(theirs) == ours
    assert found.torch is (origin in ("timm", "FaceX-Zoo"))


def test_origins_are_told_apart():
    index = "layers.0.blocks.0.attn.relative_position_index"
    files = {
        "timm": ["patch_embed.proj.weight", "layers.3.downsample.norm.weight", "norm.weight", "head.fc.weight"],
        "FaceX-Zoo": ["patch_embed.proj.weight", index, "layers.0.downsample.norm.weight", "output_layer.0.weight"],
        "PaddleClas": ["patch_embed.proj.weight", index, "layers.0.downsample.norm.weight", "norm.weight", "head.weight"],
        "PaddleViT": ["patch_embedding.patch_embed.weight", "stages.0.blocks.0.norm1.weight", "norm.weight", "fc.weight"],
    }
    assert {name: [origin.name for origin in ORIGINS if origin.matches(names)] for name, names in files.items()} == {n: [n] for n in files}
    assert not any(origin.matches(swin_lite().state_dict()) for origin in ORIGINS)


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ({"depths": (2, 2), "heads": (1,)}, "one window a stage"),
        ({"depths": (), "heads": ()}, "one window a stage"),
        ({"depths": (1, 1), "heads": (1, 1), "windows": (7, 7, 7)}, "3 windows"),
        ({"depths": (1, 1), "heads": (3, 5)}, r"divide the widths \[6, 12\]"),
        ({"depths": (1,), "heads": (1,), "head": "flatten"}, "'pool' or 'embedding'"),
        ({"depths": (1,), "heads": (1,), "stem": "fold"}, "'patch' or 'conv'"),
        ({"depths": (1,), "heads": (1,), "input_size": 50}, "multiples of 4"),
        ({"depths": (1,), "heads": (1,), "input_size": (28, 32)}, "at least 32"),
        ({"depths": (1,), "heads": (1,), "drop_path": 1.0}, "less than 1"),
    ],
)
def test_impossible_keywords_are_refused(keywords, complaint):
    with pytest.raises(ValueError, match=complaint):
        SwinTransformer(width=6, **keywords)


def test_pictures_of_another_size_are_refused():
    model, _ = build("imagenet")
    with pytest.raises(ValueError, match=r"input_size \(32, 32\), found pictures of \(36, 32\) px"):
        model(paddle.zeros([1, 3, 36, 32]))


def test_conv_stem_sees_beyond_its_patch():
    """A token sees 11x11 px, from 5 before the first of its patch on: what is at 15 px is seen by tokens 3, 4 and 5 of a side."""
    for stem, seen_by in (("patch", [3]), ("conv", [3, 4, 5])):
        paddle.seed(0)
        net = SwinTransformer(width=8, depths=(1,), heads=(1,), windows=8, input_size=32, stem=stem)
        net.eval()
        pictures = paddle.zeros([2, 3, 32, 32])
        pictures[1, :, 15, 15] = 1.0
        with paddle.no_grad():
            tokens = net.patch_embed(pictures).numpy()
        changed = np.abs(tokens[1] - tokens[0]).max(-1).reshape(8, 8) > 1e-6
        expected = np.isin(np.arange(8), seen_by)
        np.testing.assert_array_equal(changed, expected[:, None] & expected)
