# SPDX-License-Identifier: Apache-2.0
import hashlib
from pathlib import Path

import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.weights.start_weights import check_name, read_known

DATA = b"weights"
SHA256 = hashlib.sha256(DATA).hexdigest()


def test_a_known_file_is_read(tmp_path):
    (path := tmp_path / "copy").write_bytes(DATA)
    assert read_known(path, "net.h5", SHA256, len(DATA)) == DATA


@pytest.mark.parametrize("kind", ["another", "too large", "absent", "a folder"])
def test_another_file_is_refused(tmp_path, kind):
    path = tmp_path if kind == "a folder" else tmp_path / "net.h5"
    if kind in ("another", "too large"):
        path.write_bytes(b"no network" if kind == "another" else DATA)
    with pytest.raises(UserError, match="expected net.h5"):
        read_known(path, "net.h5", SHA256, 1 if kind == "too large" else 1 << 20)


def test_weights_are_named_so():
    check_name(Path("sface.safetensors"))
    with pytest.raises(UserError, match="ends in .safetensors"):
        check_name(Path("sface.npz"))
