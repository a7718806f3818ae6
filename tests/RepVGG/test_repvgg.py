# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, build_backbone
from image_classification.RepVGG.repvgg import RepVGG
from tests.backbone_checks import check_batches, check_gradients, check_reset_classifier, count_trainable

# Small of width and depth, one for every way the class is built.
VARIANTS = {
    "imagenet": ({"widths": (6, 8, 12, 16, 20), "blocks": (1, 2, 2, 1), "stem_stride": 2, "head": "pool"}, (3, 64)),
    "face": ({"widths": (6, 8, 12, 16, 20), "blocks": (1, 2, 2, 1), "stem_stride": 1, "head": "embedding", "input_size": 32}, (3, 32)),
    "lite": ({"widths": (6, 6, 12, 16, 20), "blocks": (2, 2, 3, 1), "stem_stride": 1, "in_channels": 1}, (1, 48)),
}
# Foreign names -> ours, of each origin.
TRANSLATIONS = {
    "timm": {"stem.conv_kxk.bn.running_mean": "stem.conv_kxk.bn._mean", "head.fc.weight": "head.weight"},
    "FaceX-Zoo": {
        "stage0.rbr_dense.bn.running_mean": "stem.conv_kxk.bn._mean",
        "stage1.1.rbr_identity.running_var": "stages.0.1.identity._variance",
        "output_layer.0.weight": "embedding.norm.weight",
        "output_layer.2.weight": "embedding.linear.weight",
        "output_layer.3.running_var": "embedding.bn._variance",
    },
    "the RepVGG authors": {"stage0.rbr_dense.bn.running_mean": "stem.conv_kxk.bn._mean", "linear.bias": "head.bias"},
    "PaddleClas": {
        "stage0.rbr_dense.bn._mean": "stem.conv_kxk.bn._mean",
        "stage4.0.rbr_1x1.conv.weight": "stages.3.0.conv_1x1.conv.weight",
    },
}
# Parameters with 8 classes, millions: timm's model, and for the lite network the figure of the data set's recipe.
MILLIONS = {"repvgg_a0": "7.84", "repvgg_b0": "14.55", "repvgg_b1": "55.38", "repvgg_lite": "1.84"}


def build(variant, num_classes=8):
    """The variant with batch-norm statistics, scales and shifts far from their initial ones, and a batch of four pictures for it."""
    keywords, (channels, side) = VARIANTS[variant]
    paddle.seed(0)
    model = RepVGG(num_classes=num_classes, **keywords)
    rng = np.random.default_rng(0)
    for layer in model.sublayers():
        if isinstance(layer, paddle.nn.BatchNorm2D):
            size = layer.weight.shape
            layer._mean.set_value(rng.normal(0, 0.5, size).astype("float32"))
            layer._variance.set_value(rng.uniform(0.3, 2.0, size).astype("float32"))
            layer.weight.set_value(rng.uniform(-1.5, 1.5, size).astype("float32"))
            layer.bias.set_value(rng.normal(0, 0.5, size).astype("float32"))
    return model, paddle.to_tensor(rng.normal(0, 1, (4, channels, side, side)).astype("float32"))


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


def test_fused_equals_unfused(variant):
    model, pictures = build(variant)
    model.eval()
    with paddle.no_grad():
        before = model(pictures).numpy()
        model.fuse()
        assert not any(isinstance(layer, paddle.nn.BatchNorm2D) for part in (model.stem, model.stages) for layer in part.sublayers())
        after = model(pictures).numpy()
    assert np.abs(before).max() > 0.1
    np.testing.assert_allclose(after, before, atol=1e-4 * np.abs(before).max())


def test_fused_block_equals_the_sum_of_its_branches():
    """Against NumPy: the identity branch and the 1x1 kernel sit at the centre of the 3x3 kernel."""
    rng = np.random.default_rng(1)
    model, _ = build("lite")
    block = model.stages[0][1]
    x = rng.normal(0, 1, (6, 5, 5)).astype("float32")

    def normalised(y, bn):
        columns = (v.numpy().astype(float)[:, None, None] for v in (bn._mean, bn._variance, bn.weight, bn.bias))
        mean, variance, scale, shift = columns
        return (y - mean) / np.sqrt(variance + bn._epsilon) * scale + shift

    padded = np.pad(x, ((0, 0), (1, 1), (1, 1))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    kxk = np.einsum("ihwkl,oikl->ohw", windows, block.conv_kxk.conv.weight.numpy())
    point = np.einsum("ihw,oi->ohw", x, block.conv_1x1.conv.weight.numpy()[:, :, 0, 0])
    total = normalised(kxk, block.conv_kxk.bn) + normalised(point, block.conv_1x1.bn) + normalised(x, block.identity)
    block.eval()
    block.fuse()
    with paddle.no_grad():
        np.testing.assert_allclose(block(paddle.to_tensor(x[None])).numpy()[0], np.maximum(total, 0), atol=1e-4)


def test_every_parameter_receives_a_gradient(variant):
    check_gradients(*build(variant))


def test_output_does_not_depend_on_the_batch(variant):
    check_batches(*build(variant))


def test_stem_stride_sets_the_size_of_the_last_map():
    sizes = {}
    for variant, side in (("imagenet", 64), ("face", 32)):
        model, pictures = build(variant)
        sizes[variant] = model.forward_features(pictures).shape[2] * 32 / side
    assert sizes == {"imagenet": 1, "face": 2}


@pytest.mark.parametrize("name", MILLIONS)
def test_parameter_counts(name):
    assert f"{count_trainable(lambda: build_backbone(name, num_classes=8)) / 1e6:.2f}" == MILLIONS[name]


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_origins_are_told_apart_and_translated(name):
    names = TRANSLATIONS[name]
    (origin,) = (origin for origin in RepVGG.origins if origin.matches(names))
    assert origin.name == name
    assert {theirs: origin.rename(theirs) for theirs in names} == names


def test_face_variants_have_facex_zoos_parameters():
    """Totals of the tensors in its released checkpoints, batch-norm statistics aside."""
    totals = {"repvgg_a0_face": 39_944_704, "repvgg_b0_face": 46_653_696, "repvgg_b1_face": 106_751_872}
    for name, total in totals.items():
        assert count_trainable(lambda: build_backbone(name, num_classes=0, input_size=112)) == total  # noqa: B023


def test_wrong_pictures_are_named():
    model, _ = build("imagenet")
    for wrong in (paddle.zeros([3, 64, 64]), paddle.zeros([1, 1, 64, 64]), paddle.zeros([1, 3, 64, 64], dtype="uint8")):
        with pytest.raises(ValueError, match=r"RepVGG expects floating-point pictures \[N, 3, H, W\], found"):
            model(wrong)


def test_reset_classifier_leaves_the_trunk_alone(variant):
    check_reset_classifier(*build(variant))


def test_embedding_head_counts_the_map_of_odd_sizes():
    model = RepVGG(widths=(4, 4, 4, 4, 4), blocks=(1, 1, 1, 1), stem_stride=1, head="embedding", input_size=50, num_classes=2)
    assert model.eval()(paddle.zeros([1, 3, 50, 50])).shape == [1, 2]


def test_unknown_backbone_lists_the_known_ones():
    with pytest.raises(ValueError, match="repvgg_c7") as error:
        build_backbone("repvgg_c7", num_classes=8)
    assert all(name in str(error.value) for name in BACKBONES)


@pytest.mark.parametrize("keywords", [{"widths": (4, 4), "blocks": (1, 1)}, {"widths": (4, 4), "blocks": (1,), "head": "mean"}])
def test_impossible_shapes_are_refused(keywords):
    with pytest.raises(ValueError, match="RepVGG"):
        RepVGG(**keywords)
