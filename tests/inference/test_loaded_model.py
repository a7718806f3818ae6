# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.inference import loaded_model
from image_classification.CFC_SP.inference.loaded_model import load_model
from image_classification.CFC_SP.support.errors import UserError


def test_the_bundle_says_how_faces_are_looked_for_and_framed(model):
    manifest = model.bundle.manifest
    assert (model.batch, model.min_face) == (manifest["batch"], manifest["detector"]["min_face"])
    assert (model.geometry.size, model.geometry.margin) == (manifest["crop"]["size"], manifest["crop"]["margin"])
    assert model.detector is model.detector


@pytest.mark.parametrize("min_face", [11, 4097, float("nan")])
def test_a_face_s_size_is_checked_before_anything_is_loaded(min_face, monkeypatch):
    monkeypatch.setattr(loaded_model, "open_bundle", lambda location: pytest.fail("loaded"))
    with pytest.raises(UserError, match="-min_face: expected a face's side of 12 to 4096 px"):
        load_model("lite", min_face=min_face)


def test_what_may_not_be_had_is_said_at_once(lite):
    with pytest.raises(UserError, match="-engine: expected one of"):
        load_model(lite, engine="fast")
