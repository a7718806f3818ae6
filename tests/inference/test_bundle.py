# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from image_classification.CFC_SP.inference.bundle import MANIFEST, PROGRAMS, SHIPPED, open_bundle, parameter_names
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from tests.bundles import edit_manifest

FILES = sorted(path.name for path in (SHIPPED / "lite").glob("*") if path.name != MANIFEST)


def test_the_bundle_is_there():
    """Guards the tests below, which run over its files."""
    assert len(FILES) >= len(PROGRAMS) + 3


def test_the_shipped_bundle_is_whole_and_small(lite):
    bundle = open_bundle(lite)
    assert sum(path.stat().st_size for path in lite.iterdir()) <= 10e6
    assert {name: sha256_of(lite / name) for name in FILES} == bundle.manifest["files"]
    assert bundle.sha256 == sha256_of(lite / MANIFEST)
    assert open_bundle("lite").folder == lite


def test_programs_share_their_weights(lite):
    bundle = open_bundle(lite)
    names = {program: parameter_names(bundle.program(program)) for program in PROGRAMS}
    assert set(names["frame"]) == set(names["coarse"]) | set(names["negative"])
    assert set(names["clip"]) == set(names["frame"]) | set(names["sequence"])
    arrays = bundle.parameters(names["coarse"])
    assert list(arrays) == names["coarse"] and all(array.dtype == np.float32 for array in arrays.values())
    assert all(json.loads(bundle.program(program)) for program in PROGRAMS)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_each_damaged_file_is_refused_by_name(lite_copy, name, damage):
    path = lite_copy / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-7] if damage == "cut" else content[:50] + bytes([content[50] ^ 1]) + content[51:])
    with pytest.raises(UserError, match=f"bundle refused: .*{name}"):
        open_bundle(lite_copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", "", ".hidden", 7])
def test_a_manifest_cannot_point_outside_its_folder(lite_copy, name):
    (lite_copy.parent / "secret").write_text("x")
    edit_manifest(lite_copy, lambda m: m["files"].update({name: sha256_of(lite_copy.parent / "secret")}))
    with pytest.raises(UserError, match="no file of the bundle's own folder"):
        open_bundle(lite_copy)


def test_a_link_out_of_the_folder_is_refused(lite_copy):
    weights = lite_copy / FILES[-1]
    moved = weights.rename(lite_copy.parent / "elsewhere")
    weights.symlink_to(moved)
    with pytest.raises(UserError, match=FILES[-1]):
        open_bundle(lite_copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(schema=1), "its schema is 1; this program reads 2 to 4"),
        (lambda m: m.update(batch=0), "batch is out of its range"),
        (lambda m: m["networks"].append("swin"), "networks is missing or malformed"),
        (lambda m: m["networks"][0].pop("origin"), "networks is missing or malformed"),
        (lambda m: m.pop("crop"), "crop.size is missing"),
        (lambda m: m["crop"].update(size="48"), "crop.size"),
        (lambda m: m["crop"].update(size=0), "crop.size is out of its range"),
        (lambda m: m["sp"].pop("kind"), "sp.kind is missing"),
        (lambda m: m["sp"].update(kind="median"), "sp.kind is out of its range"),
        (lambda m: m.pop("prior"), "prior.tau is missing"),
        (lambda m: m["prior"].update(tau=-1), "prior.tau is out of its range"),
        (lambda m: m["prior"].update(shares=[0.125] * 8), "prior.shares is missing or malformed"),
        (lambda m: m["prior"]["shares"].update(Fear=0), "prior.shares is out of its range"),
        (lambda m: m["prior"]["shares"].pop("Fear"), "prior.shares is out of its range"),
        (lambda m: m["detector"].update(min_face=0), "detector.min_face is out of its range"),
        (lambda m: m["detector"].update(thresholds=[0.5]), "detector.thresholds is out of its range"),
        (lambda m: m["labels"].update(coarse=["Sad"]), "labels"),
        (lambda m: m["files"].pop("coarse.json"), "does not list coarse.json"),
        (lambda m: m.update(files=[]), "files is missing or malformed"),
    ],
)
def test_a_malformed_manifest_is_refused(lite_copy, change, words):
    edit_manifest(lite_copy, change)
    with pytest.raises(UserError, match=words):
        open_bundle(lite_copy)


def test_a_manifest_of_the_former_schema_has_no_kinds(lite_copy):
    assert open_bundle(lite_copy).has_kinds
    edit_manifest(lite_copy, lambda m: (m.update(schema=2), m["sp"].pop("kind"), m.pop("prior")))
    assert not open_bundle(lite_copy).has_kinds


def test_a_manifest_of_schema_3_aligns_no_faces_and_one_of_schema_4_says_so(lite_copy):
    edit_manifest(lite_copy, lambda m: (m.update(schema=3), m["crop"].pop("align", None)))
    assert LoadedModel(open_bundle(lite_copy), None, 40).geometry.align == "none"
    edit_manifest(lite_copy, lambda m: m.update(schema=4))
    with pytest.raises(UserError, match="crop.align is missing or malformed"):
        open_bundle(lite_copy)
    edit_manifest(lite_copy, lambda m: m["crop"].update(align="upright"))
    with pytest.raises(UserError, match="crop.align is out of its range"):
        open_bundle(lite_copy)
    edit_manifest(lite_copy, lambda m: m["crop"].update(align="similarity"))
    assert LoadedModel(open_bundle(lite_copy), None, 40).geometry.align == "similarity"


def test_random_weights_are_known_as_such(lite_copy):
    assert not open_bundle(lite_copy).is_random
    edit_manifest(lite_copy, lambda m: m["networks"][-1].update(origin="random"))
    assert open_bundle(lite_copy).is_random


def test_weights_that_the_manifest_does_not_list_are_not_read(lite_copy):
    edit_manifest(lite_copy, lambda m: m["files"].pop("sequence.safetensors"))
    bundle = open_bundle(lite_copy)
    with pytest.raises(UserError, match="does not list it"):
        bundle.parameters(parameter_names(bundle.program("sequence")))


@pytest.mark.parametrize("content", [b"[" * 5000, b"a: 2026-02-30", b"- just\n- a list\n", b"a: [", b"\xff\xfe\x00", b"", b"x" * (1 << 21)])
def test_a_manifest_that_is_none_is_refused(lite_copy, content):
    (lite_copy / MANIFEST).write_bytes(content)
    with pytest.raises(UserError, match="bundle refused"):
        open_bundle(lite_copy)


def test_a_missing_bundle_names_the_shipped(tmp_path):
    for location in (tmp_path, tmp_path / "none", "no-such-bundle"):
        with pytest.raises(UserError, match="lite"):
            open_bundle(location)
