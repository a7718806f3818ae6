# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle

from image_classification.CFC_SP.commands import unpack_bundle
from image_classification.CFC_SP.data.datasets import load_split
from image_classification.CFC_SP.inference.agreement import example_crops, relative_difference
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.training.averaging import statistics_batches
from image_classification.CFC_SP.weights.statistics import restore_statistics
from image_classification.CFC_SP.weights.trained import load_trained


def test_a_fused_network_gets_statistics_of_pictures_and_computes_the_same(ferplus, tmp_path, capsys):
    for name in ("one", "two"):
        assert run_script(unpack_bundle, ["-bundle", "lite-fast", "-out", str(tmp_path / name)]) == 0
    path = tmp_path / "one" / "lite_repvgg_64" / "best.safetensors"
    assert path.read_bytes() == (tmp_path / "two" / "lite_repvgg_64" / "best.safetensors").read_bytes()

    trained, crops = load_trained(path, "flat"), paddle.to_tensor(example_crops(48, 4))
    model, config = trained.model, trained.config.clone()
    config.defrost()
    config.DATA.ROOT, config.TRAIN.BATCH_SIZE = str(ferplus), 8
    batches = [crops for crops, _ in statistics_batches(config, load_split(config, "train"))]
    model.eval()
    before = model(crops).numpy()
    restore_statistics(model, batches)
    assert relative_difference((model(crops).numpy(),), (before,)) <= 1e-4
    pictures = paddle.to_tensor(np.concatenate(batches))
    for block in (model.backbone.stem, model.backbone.stages[1][1]):
        norm, seen = block.conv_kxk.bn, []
        hook = norm.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].numpy()))
        model(pictures)
        hook.remove()
        np.testing.assert_allclose(norm._mean.numpy(), seen[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(norm._variance.numpy(), seen[0].var((0, 2, 3)), rtol=1e-3, atol=1e-5)

    assert run_script(unpack_bundle, ["-bundle", "lite-fast", "-out", str(tmp_path / "three"), "-data", str(ferplus)]) == 2
    assert "expected 128 training pictures at least" in capsys.readouterr().err
    assert not (tmp_path / "three").exists()
