# SPDX-License-Identifier: Apache-2.0
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest
from safetensors.numpy import load_file, save_file

from image_classification.CFC_SP.commands import port_weights
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, load_pretrained
from image_classification.CFC_SP.weights.model import build_model

CLI = Path(__file__).resolve().parents[2] / "image_classification" / "CFC_SP" / "cli.py"
CONFIG = "configs/lite/lite_repvgg_coarse.yaml"
# As timm's networks were trained.
IMAGENET = ("-opts", "MODEL.NORMALIZE", "imagenet")


def timm_file(path, classes=5):
    """repvgg_lite's weights as timm would call and lay them; returns them under our names too."""
    paddle.seed(3)
    backbone = build_model(load_config(CONFIG)).backbone
    backbone.reset_classifier(classes)
    ours = {name: value.numpy() for name, value in backbone.state_dict().items()}
    theirs = {}
    for name, value in ours.items():
        name = name.replace("._mean", ".running_mean").replace("._variance", ".running_var").replace("head.", "head.fc.")
        theirs[name] = np.ascontiguousarray(value.T) if name == "head.fc.weight" else value
    theirs["stem.conv_kxk.bn.num_batches_tracked"] = np.array(5)
    save_file(theirs, path)
    return ours


def port(*arguments):
    return subprocess.run([sys.executable, str(CLI), "port", *map(str, arguments)], capture_output=True, text=True)


def test_a_foreign_file_becomes_one_that_can_be_exported(tmp_path):
    ours = timm_file(tmp_path / "timm.safetensors")
    done = port("-cfg", CONFIG, "-weights", tmp_path / "timm.safetensors", "-out", tmp_path / "ours.safetensors", *IMAGENET)
    assert done.returncode == 0, done.stderr
    for expected in ("tensor names of: timm", "missing: 0", "a counter that Paddle does not keep", "(-all lists them)"):
        assert expected in done.stdout
    found = load_file(tmp_path / "ours.safetensors")
    assert found.keys() == {f"backbone.{name}" for name in ours}
    for name, value in ours.items():
        np.testing.assert_array_equal(found[f"backbone.{name}"], value)
    _, note = load_checkpoint(tmp_path / "ours.safetensors")
    assert note["origin"] == "timm"
    assert "validation" in note
    # The file says what its network saw, as the foreign one's names did.
    model = build_model(load_config(CONFIG))
    with pytest.raises(UserError, match="expected MODEL.NORMALIZE imagenet, with which its network was trained, found image"):
        load_pretrained(model, tmp_path / "ours.safetensors")


def test_pdparams_are_what_paddle_loads_and_are_read_back(tmp_path):
    ours = timm_file(tmp_path / "timm.safetensors")
    config = load_config(CONFIG, list(IMAGENET[1:]))
    arguments = ["-cfg", CONFIG, "-weights", tmp_path / "timm.safetensors", "-out", tmp_path / "ours.pdparams", *IMAGENET]
    assert run_script(port_weights, [*map(str, arguments)]) == 0
    loaded = paddle.load(str(tmp_path / "ours.pdparams"))
    assert {name: value.numpy().tolist() for name, value in loaded.items()} == {name: value.tolist() for name, value in ours.items()}
    model = build_model(config)
    report = load_pretrained(model, tmp_path / "ours.pdparams")
    assert (report.origin, report.left_out, report.missing) == ("ours", {}, ())
    for name, value in model.backbone.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), ours[name])


def test_a_fresh_classifier_makes_no_bundle(tmp_path):
    timm_file(tmp_path / "timm.safetensors", classes=1000)
    done = port("-cfg", CONFIG, "-weights", tmp_path / "timm.safetensors", "-out", tmp_path / "ours.safetensors", "-all", *IMAGENET)
    assert done.returncode == 0, done.stderr
    assert "head.fc.weight (classifier for other classes)" in done.stdout
    assert "validation" not in load_checkpoint(tmp_path / "ours.safetensors")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-out", "x.pth"], "-out: expected a name that ends in .safetensors or .pdparams"),
        (["-out", "x.safetensors", "-opts", "MODEL.NAME", "repvgg_a0", "MODEL.IN_CHANNELS", "3"], "not a checkpoint of this RepVGG"),
        (["-out", "x.safetensors", "-opts", "MODEL.NAME", "swin_lite"], "not a checkpoint of SwinTransformer"),
        (["-out", "x.safetensors"], "expected MODEL.NORMALIZE imagenet, with which its network was trained, found image: add -opts"),
        (["-out", "x.safetensors", "-opts", "MODEL.NAME", "vgg"], "MODEL.NAME: expected one of .*repvgg_lite"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message, tmp_path):
    timm_file(tmp_path / "timm.safetensors")
    done = port("-cfg", CONFIG, "-weights", tmp_path / "timm.safetensors", *arguments)
    assert done.returncode == 2
    assert re.search(message, done.stderr)
    assert done.stderr.startswith("error: ")
    assert not list(tmp_path.glob("x.*"))
