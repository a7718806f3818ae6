# SPDX-License-Identifier: Apache-2.0
import shutil

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP import exporting
from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.ensemble import Ensemble
from image_classification.CFC_SP.core.labels import EXPR, NEGATIVE
from image_classification.CFC_SP.exporting import parity
from image_classification.CFC_SP.exporting.members import load_members
from image_classification.CFC_SP.inference.bundle import MANIFEST, open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_pretrained
from image_classification.CFC_SP.weights.model import build_model

ONE_EACH = {"coarse": [Temperature()], "negative": [Temperature()]}


@pytest.mark.usefixtures("tiny_network")
def test_programs_agree_with_the_unfused_networks(exported, checkpoints):
    crops = np.random.default_rng(2).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    trained = {}
    for stage, path in checkpoints.items():
        model = build_model(load_config(f"configs/lite/lite_repvgg_{stage}.yaml"))
        load_pretrained(model, path)
        model.eval()
        with paddle.no_grad():
            trained[stage] = model(paddle.to_tensor(crops)).numpy()
    coarse, negative = PaddleProgram(open_bundle(exported), "frame")(crops)
    four = trained["flat"][:, [EXPR.index(name) for name in NEGATIVE]]
    for found, expected in ((coarse[0], trained["coarse"]), (negative[0], trained["negative"]), (negative[1], four)):
        # Weights are stored in half precision: three digits.
        np.testing.assert_allclose(found, expected, atol=5e-3 * np.abs(expected).max())
    np.testing.assert_allclose(coarse[1][:, 4], np.log(np.exp(four).sum(axis=1)), atol=5e-3 * np.abs(four).max())


@pytest.mark.usefixtures("tiny_network")
def test_a_program_that_computes_something_else_is_told(exported, checkpoints, monkeypatch):
    class Wrong(PaddleProgram):
        def __call__(self, *arrays):
            outputs = super().__call__(*arrays)
            return (outputs[0] + 0.01, *outputs[1:]) if self.name == "negative" and self.engine == "onednn" else outputs

    members = load_members({stage: [checkpoints[stage], checkpoints["flat"]] for stage in ("coarse", "negative")})
    layers = {stage: Ensemble({stage: [(member.model, member.config.STAGE) for member in found]}) for stage, found in members.items()}
    for layer in layers.values():
        layer.eval()
    monkeypatch.setattr(parity, "PaddleProgram", Wrong)
    with pytest.raises(UserError, match=r"no bundle written: .*negative \(onednn\)"):
        parity.check_parity(exported, layers)


@pytest.mark.usefixtures("tiny_network")
def test_a_bundle_that_fails_its_check_is_not_written(exported, checkpoints, tmp_path, monkeypatch):
    def fail(folder, layers):
        assert (folder / MANIFEST).is_file()
        raise UserError("no bundle written")

    monkeypatch.setattr(exporting, "write_files", lambda work, *_: [shutil.copy(path, work) for path in exported.iterdir()])
    monkeypatch.setattr(exporting, "check_parity", fail)
    with pytest.raises(UserError, match="no bundle written"):
        exporting.export_bundle({"coarse": [checkpoints["flat"]], "negative": [checkpoints["flat"]]}, tmp_path / "bundle", ONE_EACH, "none")
    assert not list(tmp_path.iterdir())
