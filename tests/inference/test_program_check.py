# SPDX-License-Identifier: Apache-2.0
import copy
import json

import numpy as np
import paddle
import pytest

from image_classification.backbones import BACKBONES, build_backbone, family_of
from image_classification.CFC_SP.core.cascade import Cascade
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.preprocess import ExpressionNet, Preprocess
from image_classification.CFC_SP.inference.bundle import MANIFEST, PROGRAMS, SHIPPED, open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.program_check import (
    INPUTS,
    MAX_BYTES,
    OPERATORS,
    SIGNATURES,
    ProgramError,
    are_inputs,
    check_program,
)
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from tests.bundles import edit_manifest
from tests.work import bounded_work

# The smallest network of each family.
FAMILIES = {
    name: next(key for key in sorted(BACKBONES, key=lambda key: ("lite" not in key, "face" not in key, key)) if family_of(key) is family)
    for name, family in sorted({family_of(key).__name__: family_of(key) for key in BACKBONES}.items())
}
# As shallow as each can be: an operator does not depend on how often it stands in a program.
SHALLOW = {
    "HRNet": {"modules": (1, 1, 1)},
    "IResNet": {"units": (1, 1, 1, 1)},
    "InceptionResNet": {"blocks": (1, 1)},
    "RepVGG": {"blocks": (2, 1, 1, 1)},
    "SwinTransformer": {"depths": (2, 1, 1)},
}


def operators(tree):
    return tree["program"]["regions"][0]["blocks"][0]["ops"]


@pytest.fixture(scope="session")
def sequence():
    return json.loads((SHIPPED / "lite" / "sequence.json").read_bytes())


@pytest.mark.parametrize("bundle", sorted(path.parent.name for path in SHIPPED.glob(f"*/{MANIFEST}")))
def test_every_shipped_program_passes(bundle):
    for name in PROGRAMS:
        assert name in SIGNATURES
        check_program((SHIPPED / bundle / f"{name}.json").read_bytes(), name)


@pytest.mark.parametrize(("family", "normalize", "channels"), [*((family, "image", 1) for family in FAMILIES), ("RepVGG", "imagenet", 3)])
def test_the_program_of_every_family_passes(family, normalize, channels, tmp_path):
    name = FAMILIES[family]
    side = max(64, family_of(name).min_input)
    backbone = build_backbone(name, num_classes=5, in_channels=channels, input_size=side, dropout=0.1, **SHALLOW.get(family, {}))
    network = ExpressionNet(Preprocess(48, side, channels, normalize), backbone)
    network.eval()
    if hasattr(backbone, "fuse"):
        backbone.fuse()
    paddle.jit.save(network, str(tmp_path / "network"), input_spec=[paddle.static.InputSpec([None, 48, 48, 3], "uint8", "crops")])
    program = (tmp_path / "network.json").read_bytes()
    check_program(program, "coarse" if '"1.stack"' in program.decode() else "network")


@pytest.mark.parametrize(("normalizer", "scope"), [("window", "routed"), ("window", "all"), ("count", "all")])
def test_the_sequence_of_every_setting_passes(normalizer, scope, tmp_path):
    cascade = Cascade([Temperature(1.5, 1.2)] * 2, [Temperature()], normalizer, scope)
    cascade.eval()
    specs = [
        paddle.static.InputSpec([2, None, 5], "float32", "coarse_logits"),
        paddle.static.InputSpec([1, None, 4], "float32", "negative_logits"),
        paddle.static.InputSpec([None], "bool", "valid"),
        paddle.static.InputSpec([1], "int64", "window"),
    ]
    paddle.jit.save(cascade, str(tmp_path / "sequence"), input_spec=specs)
    check_program((tmp_path / "sequence.json").read_bytes(), "sequence")


def test_nothing_that_opens_a_file_or_calls_out_is_allowed():
    for word in ("file", "func", "save", "load", "print", "custom", "run", "if", "while", "recv", "send", "all_reduce", "decode"):
        assert not [name for name in OPERATORS if word in name.split(".")[-1].split("_")]


def test_a_program_that_reads_a_file_is_refused_by_its_bundle(lite_copy, sequence):
    tree = copy.deepcopy(sequence)
    name = {"AT": {"#": "0.a_str", "D": "/etc/passwd"}, "N": "filename"}
    place = {"AT": {"#": "1.a_place", "D": [1, 0, ""]}, "N": "place"}
    value = {"%": 9999, "TT": {"#": "0.t_dtensor", "D": [{"#": "0.t_ui8"}, [-1], "NCHW", [], 0]}}
    operators(tree).insert(9, {"#": "1.read_file", "A": [name, place], "I": [], "O": [value], "OA": []})
    (lite_copy / "sequence.json").write_text(json.dumps(tree))
    edit_manifest(lite_copy, lambda manifest: manifest["files"].update({"sequence.json": sha256_of(lite_copy / "sequence.json")}))
    bundle = open_bundle(lite_copy)
    with pytest.raises(UserError, match=r"bundle refused: .*sequence.json: it holds the operator 1.read_file.*export it again"):
        PaddleProgram(bundle, "sequence", onednn=False)


CHANGES = {
    "a region within": lambda tree: operators(tree)[9].update(regions=[]),
    "two blocks": lambda tree: tree["program"]["regions"][0]["blocks"].append({"#": "b", "args": [], "ops": []}),
    "no operators": lambda tree: tree["program"]["regions"][0]["blocks"][0].update(ops=7),
    "an operator that is none": lambda tree: operators(tree).append(7),
    "an operator without a kind": lambda tree: operators(tree)[9].pop("#"),
    "a kind that is no text": lambda tree: operators(tree)[9].update({"#": ["1.add"]}),
    "a value that is not there": lambda tree: operators(tree)[-1]["I"].append({"%": 99_999}),
    "a value twice": lambda tree: operators(tree)[-1]["O"].append(operators(tree)[0]["O"]),
    "an input that is none": lambda tree: operators(tree)[-1]["I"].append("x"),
    "an attribute of another kind": lambda tree: operators(tree)[-1]["A"][0]["AT"].update({"#": "1.a_scalar"}),
    "an attribute of another type": lambda tree: operators(tree)[-1]["A"][1]["AT"].update(D="0"),
    "a type that is none": lambda tree: operators(tree)[-1]["O"][0].update(TT=None),
    "too many extents": lambda tree: operators(tree)[-1]["O"][0]["TT"]["D"].__setitem__(1, [1] * 99),
    "a parameter without a name": lambda tree: operators(tree)[0]["A"].pop(),
    "another output": lambda tree: operators(tree).pop(),
    "another magic": lambda tree: tree["base_code"].update(magic="x"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_malformed_program_is_refused(sequence, name):
    tree = copy.deepcopy(sequence)
    check_program(json.dumps(tree).encode(), "sequence")
    CHANGES[name](tree)
    with pytest.raises(ProgramError):
        check_program(json.dumps(tree).encode(), "sequence")


def test_other_inputs_than_the_programs_are_refused(sequence):
    with pytest.raises(ProgramError, match="gives 5 outputs, unlike the program frame of a bundle"):
        check_program(json.dumps(sequence).encode(), "frame")
    tree = copy.deepcopy(sequence)
    data = next(operator for operator in operators(tree) if operator["#"] == "1.data" and "valid" in json.dumps(operator))
    data["O"][0]["TT"]["D"][0] = {"#": "0.t_f32"}
    with pytest.raises(ProgramError, match="its input valid is of another type"):
        check_program(json.dumps(tree).encode(), "sequence")


def test_a_constant_of_many_numbers_is_refused(sequence):
    tree = copy.deepcopy(sequence)
    full = next(operator for operator in operators(tree) if operator["#"] == "1.full")
    next(named for named in full["A"] if named["N"] == "shape")["AT"]["D"] = [1 << 20, 1 << 20]
    with pytest.raises(ProgramError, match="1.full, is malformed"):
        check_program(json.dumps(tree).encode(), "sequence")


@pytest.mark.parametrize(
    "program", [b"", b"[" * 100_000, b"{}", b"[]", b"null", b"\xff", b'{"program": {"regions": [[]]}}', b"9" * 5000, b" " * (MAX_BYTES + 1)]
)
def test_what_is_no_program_is_refused_at_once(program):
    with bounded_work(), pytest.raises(ProgramError):
        check_program(program, "frame")


def test_operators_that_do_not_fit_together_are_the_bundles_fault(lite_copy, sequence):
    tree = copy.deepcopy(sequence)
    kinds = [operator["#"] for operator in operators(tree)]
    operators(tree)[kinds.index("1.softmax")]["A"][0]["AT"]["D"] = 77
    (lite_copy / "sequence.json").write_text(json.dumps(tree))
    edit_manifest(lite_copy, lambda manifest: manifest["files"].update({"sequence.json": sha256_of(lite_copy / "sequence.json")}))
    bundle, logits = open_bundle(lite_copy), (np.zeros((1, 6, 5), np.float32), np.zeros((1, 6, 4), np.float32))
    with pytest.raises(UserError, match=r"bundle refused: .*sequence.json: it cannot be run"):
        PaddleProgram(bundle, "sequence", onednn=False)(*logits, np.ones(6, bool), np.array([4]), np.array([0]), np.zeros(1, np.float32))


def inputs_of_sequence():
    shapes = {"coarse_logits": (2, 6, 5), "negative_logits": (1, 6, 4), "valid": (6,), "window": (1,), "kind": (1,), "tau": (1,)}
    types = {"0.t_f32": np.float32, "0.t_bool": bool, "0.t_i64": np.int64}
    return {name: np.zeros(shape, types[INPUTS[name][0]]) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid": np.ones(5, bool)},
        {"valid": np.ones(6, np.float32)},
        {"window": np.array([4, 4])},
        {"coarse_logits": np.zeros((6, 5), np.float32)},
        {"coarse_logits": np.zeros((2, 6, 5))},
        {"crops": np.zeros((6, 48, 40, 3), np.uint8)},
        {"crops": np.zeros((6, 48, 48, 1), np.uint8)},
    ],
    ids=lambda wrong: " ".join(f"{name} {array.dtype} {array.shape}" for name, array in wrong.items()),
)
def test_inputs_that_no_program_takes_are_told_from_those_that_it_should(wrong):
    right = inputs_of_sequence() | {"crops": np.zeros((6, 48, 48, 3), np.uint8)}
    assert are_inputs(right, 48) and not are_inputs(right | wrong, 48) and not are_inputs(right, 40)


def test_inputs_that_do_not_fit_together_are_our_own_fault(lite):
    program, inputs = PaddleProgram(open_bundle(lite), "sequence", onednn=False), inputs_of_sequence()
    inputs["coarse_logits"] = inputs["coarse_logits"][:1]
    program(*inputs.values())
    with pytest.raises(ValueError, match="(?i)shape|dim"):
        program(*(inputs | {"valid": np.ones(5, bool)}).values())
