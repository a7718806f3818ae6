# SPDX-License-Identifier: Apache-2.0
"""Our networks beside the reference libraries themselves, which `make parity` installs; it also stores their outputs again."""

import numpy as np
import pytest

from tests.parity.references import REFERENCES, STORED, run_reference
from tests.parity.test_stored import outputs_of_ours, relative_error

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("name", REFERENCES)
def test_equals_the_reference(name, tmp_path):
    reference = REFERENCES[name]
    state, expected = run_reference(reference)
    found = outputs_of_ours(reference.backbone, state, reference.size, expected.shape[1], tmp_path / "theirs.safetensors")
    error = relative_error(found, expected)
    print(f"{name}: relative error {error:.1e} of logits up to {np.abs(expected).max():.3g}")
    assert error <= 1e-5
    path = STORED / f"{name}.npz"
    if path.exists():
        np.testing.assert_allclose(np.load(path)["outputs"], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    else:
        shapes = ["x".join(map(str, value.shape)) for value in state.values()]
        np.savez_compressed(
            path,
            names=list(state),
            shapes=shapes,
            outputs=expected,
            backbone=reference.backbone,
            size=reference.size,
            library=reference.library,
        )
