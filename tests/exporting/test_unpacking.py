# SPDX-License-Identifier: Apache-2.0
import paddle

from image_classification.CFC_SP.commands import unpack_bundle
from image_classification.CFC_SP.inference.agreement import example_crops, relative_difference
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.weights.trained import load_trained


def test_unpacked_networks_compute_what_the_bundle_does(lite, tmp_path, capsys):
    assert run_script(unpack_bundle, ["-bundle", str(lite), "-out", str(tmp_path)]) == 0
    bundle, crops = open_bundle(lite), example_crops(48, 4)
    outputs = {stage: PaddleProgram(bundle, stage, onednn=False)(crops)[0] for stage in ("coarse", "negative")}
    places = dict.fromkeys(outputs, 0)
    for network in bundle.manifest["networks"]:
        stage, config, place = network["stage"], network["training"]["config"], places[network["stage"]]
        places[stage] += 1
        if network["trained_as"] != stage:
            continue
        trained = load_trained(tmp_path / config / "best.safetensors", stage)
        trained.model.eval()
        assert trained.note["git_sha"] == network["training"]["git_sha"]
        assert relative_difference((trained.model(paddle.to_tensor(crops)).numpy(),), (outputs[stage][place],)) <= 1e-4
    assert sum(places.values()) >= 1
    assert run_script(unpack_bundle, ["-bundle", str(lite), "-out", str(tmp_path)]) == 2
    assert "exists already: choose another -out" in capsys.readouterr().err
