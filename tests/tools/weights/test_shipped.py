# SPDX-License-Identifier: Apache-2.0
from image_classification.CFC_SP.inference.bundle import MANIFEST, SHIPPED
from image_classification.CFC_SP.support.files import sha256_of
from tools.weights.shipped import shipped, ships, size_mb


def test_every_shipped_bundle_is_there_by_its_folders_name():
    assert set(shipped()) == {path.parent.name for path in SHIPPED.glob(f"*/{MANIFEST}")} >= {"lite"}
    assert all(manifest["networks"] for manifest in shipped().values())


def test_a_bundle_ships_while_its_manifest_is_that_one():
    assert ships("lite", sha256_of(SHIPPED / "lite" / MANIFEST))
    assert not ships("lite", "0" * 64) and not ships("none", "0" * 64)
    assert size_mb("lite", MANIFEST) == (SHIPPED / "lite" / MANIFEST).stat().st_size / 1e6
