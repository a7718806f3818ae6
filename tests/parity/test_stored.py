# SPDX-License-Identifier: Apache-2.0
"""Every network beside its reference's stored outputs: the same seeded weights under the reference's own names, the same pictures."""

from pathlib import Path

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from image_classification.backbones import build_backbone
from image_classification.CFC_SP.weights.checkpoint import load_pretrained
from image_classification.CFC_SP.weights.random_weights import seeded
from tests.parity.pictures import pictures

STORED = sorted((Path(__file__).parent / "stored").glob("*.npz"))


def outputs_of_ours(backbone: str, state: dict, size: int, classes: int, path: Path) -> np.ndarray:
    """Logits of our network with `state` loaded as a user would load it."""
    model = build_backbone(backbone, num_classes=classes)
    save_file({name: np.ascontiguousarray(value) for name, value in state.items()}, path)
    report = load_pretrained(model, path)
    assert report.missing == ()
    assert report.left_out == {}
    model.eval()
    with paddle.no_grad():
        return model(paddle.to_tensor(pictures(size))).numpy()


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_equals_the_references_outputs(path, tmp_path):
    stored = np.load(path)
    shapes = [tuple(int(side) for side in shape.split("x")) for shape in stored["shapes"].tolist()]
    state = {name: seeded(name, shape) for name, shape in zip(stored["names"].tolist(), shapes, strict=True)}
    expected = stored["outputs"]
    found = outputs_of_ours(str(stored["backbone"]), state, int(stored["size"]), expected.shape[1], tmp_path / "theirs.safetensors")
    assert np.abs(expected).max() > 0.05
    assert relative_error(found, expected) <= 1e-5


def test_every_reference_has_stored_outputs():
    from tests.parity.references import REFERENCES

    assert [path.stem for path in STORED] == sorted(REFERENCES)
