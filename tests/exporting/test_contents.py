# SPDX-License-Identifier: Apache-2.0
import json

import paddle
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.exporting.contents import batch_of
from image_classification.CFC_SP.inference.bundle import PROGRAMS, open_bundle


def test_the_bundle_says_what_it_holds(exported):
    bundle = open_bundle(exported)
    assert bundle.manifest["name"] == "shared" and bundle.manifest["paddle"] == paddle.__version__
    assert bundle.manifest["sp"] == {"kind": "logits", "window": 64, "normalizer": "count", "calibration": {}}
    assert bundle.manifest["prior"] == {"tau": 0.5, "shares": dict(zip(EXPR, [0.3, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.1], strict=True))}
    assert bundle.manifest["cascade"]["negative_scope"] == "all"
    assert bundle.manifest["batch"] == 32 and not bundle.is_random
    networks = bundle.manifest["networks"]
    roles = [("coarse", "coarse"), ("coarse", "flat"), ("negative", "negative"), ("negative", "flat")]
    assert [(network["stage"], network["trained_as"]) for network in networks] == roles
    assert [len(network["classes"]) for network in networks] == [5, 5, 4, 4]
    assert {network["licence"] for network in networks} == {"CC0-1.0"}
    assert {network["origin"] for network in networks} == {"trained"}
    assert [path for path in exported.parent.iterdir()] == [exported]


@pytest.mark.parametrize(("input_size", "batch"), [(48, 32), (64, 32), (65, 16), (112, 16), (113, 8), (224, 8)])
def test_larger_inputs_run_in_smaller_batches(input_size, batch):
    assert batch_of(input_size) == batch


def test_a_checkpoint_of_both_stages_is_stored_once(exported):
    networks = open_bundle(exported).manifest["networks"]
    assert networks[1]["weights"] == networks[3]["weights"] == "flat_repvgg_lite.safetensors"
    names = ["coarse_repvgg_lite", "flat_repvgg_lite", "mtcnn", "negative_repvgg_lite", "sequence"]
    assert sorted(path.stem for path in exported.glob("*.safetensors")) == names


def test_programs_do_not_say_where_their_operations_were_made(exported):
    """Such places hold counters of this process: the same networks would give other files in another one."""
    for name in PROGRAMS:
        text = (exported / f"{name}.json").read_text(encoding="utf-8")
        assert "struct_name" not in text and "stop_gradient" in text
        assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
