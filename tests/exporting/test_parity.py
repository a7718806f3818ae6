import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.labels import EXPR, NEGATIVE
from image_classification.CFC_SP.exporting import export_bundle, parity
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_pretrained
from image_classification.CFC_SP.weights.model import build_model

ONE_EACH = {"coarse": [Temperature()], "negative": [Temperature()]}


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


def test_a_bundle_that_fails_its_check_is_not_written(checkpoints, tmp_path, monkeypatch):
    class Wrong(PaddleProgram):
        def __call__(self, *arrays):
            outputs = super().__call__(*arrays)
            return (outputs[0] + 0.01, *outputs[1:]) if self.name == "negative" and self.engine == "onednn" else outputs

    monkeypatch.setattr(parity, "PaddleProgram", Wrong)
    with pytest.raises(UserError, match=r"no bundle written: .*negative \(onednn\)"):
        export_bundle({"coarse": [checkpoints["flat"]], "negative": [checkpoints["flat"]]}, tmp_path / "bundle", ONE_EACH, "none")
    assert not list(tmp_path.iterdir())
