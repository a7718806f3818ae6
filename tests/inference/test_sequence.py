# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from image_classification.CFC_SP.inference import bundle as module
from image_classification.CFC_SP.inference.bundle import Bundle, open_bundle
from image_classification.CFC_SP.inference.mode import mode_of
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.sequence import sequence_of
from image_classification.CFC_SP.support.errors import UserError


def test_it_is_the_bundles_own_program(lite):
    bundle, rng = open_bundle(lite), np.random.default_rng(0)
    program, arrays = PaddleProgram(bundle, "sequence", onednn=False), sequence_of(bundle)
    logits = [rng.normal(0, 3, (1, 60, classes)).astype(np.float32) for classes in (5, 4)]
    for how in (("decoder", None), ("logits", "data"), ("probabilities", 0.5)):
        given = *logits, rng.random(60) > 0.2, np.array([9]), *mode_of(bundle, *how).inputs
        for found, expected in zip(arrays(*given), program(*given), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"calibration": np.ones((2, 2), np.float32)}, "no settings of a cascade"),
        ({"log_shares": np.full(8, np.nan, np.float32)}, "no settings of a cascade"),
        ({"temperatures_coarse": np.ones((3, 2), np.float32)}, "not those of the networks"),
        ({"temperatures_coarse": np.zeros((1, 2), np.float32)}, "a temperature above 0"),
        ({"temperatures_negative": None}, "no settings of a cascade"),
    ],
)
def test_settings_that_mean_nothing_are_refused(lite_copy, change, reason):
    path, bundle = lite_copy / "sequence.safetensors", open_bundle(lite_copy)
    tensors = load_file(path) | change
    save_file({name: value for name, value in tensors.items() if value is not None}, path)
    with pytest.raises(UserError, match=f"bundle refused: .*{reason}"):
        sequence_of(bundle)


def test_a_scope_that_is_unknown_is_the_manifests_fault(lite):
    bundle = open_bundle(lite)
    manifest = bundle.manifest | {"cascade": {"negative_scope": "some"}}
    with pytest.raises(UserError, match=f"{module.MANIFEST}: expected a negative scope, one of routed, all"):
        sequence_of(Bundle(bundle.folder, manifest, bundle.sha256))
