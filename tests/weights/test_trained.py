# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, save_checkpoint
from image_classification.CFC_SP.weights.trained import load_trained, trained_config


def test_a_network_comes_back_with_its_config_and_its_note(write_trained):
    path = write_trained("one", seed=3)
    trained = load_trained(path, "coarse", "flat")
    arrays, note = load_checkpoint(path)
    assert trained.config.NAME == "one" and trained.note == note
    for name, value in trained.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), arrays[name])
    assert trained_config(path, "coarse")[0].STAGE == "coarse"


def test_other_stages_and_other_files_are_told(write_trained, tmp_path):
    path = write_trained("one", seed=3)
    with pytest.raises(UserError, match="expected a checkpoint of the negative or flat stage, found one of the coarse stage"):
        load_trained(path, "negative", "flat")
    arrays, note = load_checkpoint(path)
    save_checkpoint(tmp_path / "bare.safetensors", arrays, {})
    with pytest.raises(UserError, match=r"expected a best\.safetensors of `cfc-sp train`, found a file without its config"):
        load_trained(tmp_path / "bare.safetensors", "coarse")
    lost = arrays.pop("backbone.head.bias")
    save_checkpoint(tmp_path / "less.safetensors", arrays, note)
    with pytest.raises(UserError, match=r"expected exactly the tensors of the network, found \['head.bias'\] missing or foreign"):
        load_trained(tmp_path / "less.safetensors", "coarse")
    save_checkpoint(tmp_path / "more.safetensors", {**arrays, "backbone.head.bias": lost, "stranger": lost}, note)
    with pytest.raises(UserError, match="stranger"):
        load_trained(tmp_path / "more.safetensors", "coarse")
