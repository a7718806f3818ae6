# SPDX-License-Identifier: Apache-2.0
"""What a static program of a bundle may be: computations that networks are made of, and nothing that opens a file or calls out."""

import json
import math

import numpy as np

MAX_BYTES = 32 << 20
# What prediction gives a program: type and extents (None: any) of each input by its name.
INPUTS = {
    "crops": ("0.t_ui8", (None, None, None, 3)),
    "coarse_logits": ("0.t_f32", (None, None, None)),
    "negative_logits": ("0.t_f32", (None, None, None)),
    "valid": ("0.t_bool", (None,)),
    "window": ("0.t_i64", (1,)),
    "kind": ("0.t_i64", (1,)),
    "tau": ("0.t_f32", (1,)),
}
_DTYPES = {"0.t_ui8": np.uint8, "0.t_f32": np.float32, "0.t_bool": np.bool_, "0.t_i64": np.int64}
# The axis of frames, of those inputs that have one.
_FRAMES = {"crops": 0, "coarse_logits": 1, "negative_logits": 1, "valid": 0}
# How it smooths and weighs, which bundles of schema 2 do not ask.
_MODE = {"kind", "tau"}
_LOGITS, _CROPS = {"coarse_logits", "negative_logits", "valid", "window"}, {"crops", "valid", "window"}
# By a program's name: its inputs, in either schema, and how many outputs it has.
SIGNATURES = {
    **dict.fromkeys(("coarse", "negative"), ([{"crops"}], 1)),
    "frame": ([{"crops"}], 2),
    "sequence": ([_LOGITS, _LOGITS | _MODE], 5),
    "clip": ([_CROPS, _CROPS | _MODE], 5),
}
# What every backbone, Ensemble, Cascade and Clip export to (Paddle 3.3), as programs name it ("1." for Paddle's own operators, "0." for
# those of the program format): how many inputs each has (* for any number), and which attributes.
OPERATORS = {
    "0.combine": "*",
    "1.abs": "1",
    "1.add": "2",
    "1.any": "1 axis keepdim",
    "1.arange": "3 dtype place",
    "1.argmax": "2 dtype flatten keepdims",
    "1.assign_value_": "1 dtype place shape values",
    "1.batch_norm_": "5 data_format epsilon is_test momentum trainable_statistics use_global_stats",
    "1.cast": "1 dtype",
    "1.concat": "2",
    "1.conv2d": "2 data_format dilations groups padding_algorithm paddings strides",
    "1.cummax": "1 axis dtype",
    "1.cumsum": "2 exclusive flatten reverse",
    "1.data": "0 dtype name place shape",
    "1.depthwise_conv2d": "2 data_format dilations groups padding_algorithm paddings strides",
    "1.divide": "2",
    "1.dropout": "3 fix_seed is_test mode seed",
    "1.equal": "2",
    "1.exp": "1",
    "1.expand": "2",
    "1.fetch": "1 col name",
    "1.flatten": "1 start_axis stop_axis",
    "1.flip": "1 axis",
    "1.floor_divide": "2",
    "1.full": "0 dtype place shape value",
    "1.full_int_array": "0 dtype place value",
    "1.full_like": "2 dtype place",
    "1.gather": "3",
    "1.gelu": "1 approximate",
    "1.greater_equal": "2",
    "1.greater_than": "2",
    "1.index_select": "2 axis",
    "1.layer_norm": "3 begin_norm_axis epsilon",
    "1.less_equal": "2",
    "1.log": "1",
    "1.logical_and": "2",
    "1.logical_not": "1",
    "1.masked_fill": "3",
    "1.matmul": "2 transpose_x transpose_y",
    "1.max": "2 keepdim",
    "1.maximum": "2",
    "1.minimum": "2",
    "1.multiply": "2",
    "1.not_equal": "2",
    "1.pool2d": "2 adaptive ceil_mode data_format exclusive global_pooling padding_algorithm paddings pooling_type strides",
    "1.prelu": "2 data_format mode",
    "1.relu": "1",
    "1.relu6": "1",
    "1.remainder": "2",
    "1.reshape": "2",
    "1.roll": "2 axis",
    "1.scale": "2 bias bias_after_scale",
    "1.shape64": "1",
    "1.sigmoid": "1",
    "1.slice": "3 axes decrease_axis infer_flags",
    "1.softmax": "1 axis",
    "1.sqrt": "1",
    "1.squeeze": "2",
    "1.stack": "1 axis",
    "1.subtract": "2",
    "1.sum": "2 dtype keepdim",
    "1.transpose": "1 perm",
    "1.unsqueeze": "2",
    "1.where": "3",
}
_MAX_OPERATORS, _MAX_NUMBERS, _MAX_TEXT = 200_000, 1 << 26, 1024
_TYPES = {f"0.t_{name}" for name in ("f32", "f64", "i32", "i64", "ui8", "bool")}
# Of an attribute's kind what its value is.
_VALUES = {
    "0.a_str": lambda value: isinstance(value, str) and len(value) <= _MAX_TEXT,
    "0.a_bool": lambda value: isinstance(value, bool),
    "0.a_i32": lambda value: _is_int(value, 32),
    "0.a_i64": lambda value: _is_int(value, 64),
    "0.a_f32": lambda value: _is_number(value),
    "0.a_f64": lambda value: _is_number(value),
    "1.a_dtype": lambda value: isinstance(value, str) and len(value) <= 32,
    # The CPU, or wherever the program runs.
    "1.a_place": lambda value: value in ([0, 0, ""], [1, 0, ""]),
    "1.a_intarray": lambda value: isinstance(value, list) and all(_is_int(item, 64) for item in value),
    "0.a_array": lambda value: isinstance(value, list) and all(_is_attribute(item) and item["#"] != "0.a_array" for item in value),
}


class ProgramError(ValueError):
    """A program that is none, or would do more than compute; says what is wrong."""


def check_program(program: bytes, name: str) -> None:
    """Raises ProgramError for a file that is no program of one block, an operator outside OPERATORS, values that are used before they are
    made, constants larger than any network's, and, for a `name` of SIGNATURES, other inputs or another number of outputs than these."""
    if len(program) > MAX_BYTES:
        raise ProgramError(f"it has {len(program)} bytes; {MAX_BYTES} are the most")
    try:
        tree = json.loads(program)
    except (ValueError, RecursionError) as error:
        raise ProgramError(f"it is no JSON ({str(error)[:80]})") from None
    known, parameters, operators = {0}, set(), _operators(tree)
    for place, operator in enumerate(operators):
        kind = operator.get("#") if isinstance(operator, dict) else None
        if not isinstance(kind, str) or kind not in ("p", *OPERATORS):
            raise ProgramError(f"it holds the operator {str(kind)[:60]}, which no network here contains")
        if not (_is_parameter(operator, parameters) if kind == "p" else _is_operator(operator, known)):
            raise ProgramError(f"its operator {place}, {kind}, is malformed")
        for output in [operator["O"]] if kind == "p" else operator["O"]:
            if not _is_value(output) or output["%"] in known:
                raise ProgramError(f"what its operator {place}, {kind}, gives is malformed")
            known.add(output["%"])
    if name in SIGNATURES:
        _check_signature(name, operators)


def are_inputs(arrays: dict[str, np.ndarray], crop_size: int) -> bool:
    """Whether arrays, by the name of their input, are what a program of a bundle takes: of the types and shapes of INPUTS, of one number of
    frames, and the crops of `crop_size` px. A program that cannot run them is at fault then, and its caller otherwise."""
    for name, array in arrays.items():
        kind, extents = INPUTS[name]
        if array.dtype != _DTYPES[kind] or array.ndim != len(extents):
            return False
        if not all(want in (None, has) for want, has in zip(extents, array.shape, strict=True)):
            return False
    frames = {array.shape[_FRAMES[name]] for name, array in arrays.items() if name in _FRAMES}
    return len(frames) <= 1 and ("crops" not in arrays or arrays["crops"].shape[1:3] == (crop_size, crop_size))


def _check_signature(name: str, operators: list) -> None:
    inputs = [operator for operator in operators if operator["#"] == "1.data"]
    found = {_value_of(operator, "name"): operator["O"][0]["TT"]["D"] for operator in inputs if len(operator["O"]) == 1}
    outputs = sum(operator["#"] == "1.fetch" for operator in operators)
    known, made = SIGNATURES[name]
    if set(found) not in known or (len(inputs), outputs) != (len(found), made):
        names = ", ".join(map(str, found))[:80] or "nothing"
        raise ProgramError(f"it takes {names} and gives {outputs} outputs, unlike the program {name} of a bundle")
    for key, (kind, shape, *_) in found.items():
        wanted, extents = INPUTS[key]
        fits = len(shape) == len(extents) and all(want in (None, has) for want, has in zip(extents, shape, strict=True))
        if kind != {"#": wanted} or not fits:
            raise ProgramError(f"its input {key} is of another type or shape")


def _value_of(operator: dict, name: str):
    return next((named["AT"]["D"] for named in operator["A"] if named["N"] == name), None)


def _operators(tree) -> list:
    """The operators of a program's one block."""
    try:
        (base, magic), program = (tree["base_code"], tree["base_code"]["magic"]), tree["program"]
        ((region,),) = (program["regions"],)
        ((block,),) = (region["blocks"],)
        operators = block["ops"]
    except (TypeError, KeyError, ValueError, IndexError):
        raise ProgramError("it is no program of one region and one block") from None
    heads = set(tree) == {"base_code", "program"} and set(program) == {"regions"} and set(region) == {"#", "blocks"}
    sound = heads and set(block) == {"#", "args", "ops"} and block["args"] == [] and magic == "pir" and _is_int(base.get("version"), 16)
    if not (sound and isinstance(base.get("trainable"), bool) and isinstance(operators, list) and len(operators) <= _MAX_OPERATORS):
        raise ProgramError("it is no program of one region and one block")
    return operators


def _is_operator(operator: dict, known: set[int]) -> bool:
    if set(operator) != {"#", "A", "I", "O", "OA"} or not all(isinstance(operator[key], list) for key in ("A", "I", "O", "OA")):
        return False
    if not all(isinstance(value, dict) and set(value) == {"%"} and _is_int(value["%"], 32) for value in operator["I"]):
        return False
    inputs, *attributes = OPERATORS[operator["#"]].split()
    made = inputs in ("*", str(len(operator["I"]))) and all(value["%"] in known for value in operator["I"])
    if not made or not all(_is_named(named) for named in (*operator["A"], *operator["OA"])):
        return False
    return {*attributes} <= {named["N"] for named in operator["A"]} and _is_small(operator)


def _is_named(named) -> bool:
    return isinstance(named, dict) and set(named) == {"AT", "N"} and isinstance(named["N"], str) and _is_attribute(named["AT"])


def _is_attribute(attribute) -> bool:
    if not isinstance(attribute, dict) or set(attribute) != {"#", "D"} or not isinstance(attribute["#"], str):
        return False
    return attribute["#"] in _VALUES and _VALUES[attribute["#"]](attribute["D"])


def _is_small(operator: dict) -> bool:
    """Whether a constant is not larger than any network needs."""
    if operator["#"] not in ("1.full", "1.assign_value_"):
        return True
    shape = _value_of(operator, "shape")
    extents = [item["D"] if isinstance(item, dict) else item for item in shape] if isinstance(shape, list) else [None]
    return all(_is_int(extent, 64) for extent in extents) and math.prod(max(1, extent) for extent in extents) <= _MAX_NUMBERS


def _is_parameter(operator: dict, names: set[str]) -> bool:
    """Whether it is a well-formed parameter whose name is not among `names`, to which it is added."""
    if set(operator) != {"#", "A", "DA", "O", "OA", "QA"} or not isinstance(operator["O"], dict):
        return False
    said, flags = operator["A"], operator["OA"]
    if not (isinstance(said, list) and len(said) == 4 and isinstance(flags, list) and len(flags) == 3) or operator["DA"] or operator["QA"]:
        return False
    if not all(type(flag) is int and flag in (0, 1) for flag in (*said[:3], *flags)):
        return False
    if not isinstance(said[3], str) or not 0 < len(said[3]) <= _MAX_TEXT or said[3] in names:
        return False
    names.add(said[3])
    return True


def _is_value(value) -> bool:
    return isinstance(value, dict) and set(value) == {"%", "TT"} and _is_int(value["%"], 32) and value["%"] > 0 and _is_type(value["TT"])


def _is_type(found) -> bool:
    if not isinstance(found, dict) or set(found) != {"#", "D"} or not isinstance(found["D"], list):
        return False
    if found["#"] == "0.t_vec":
        return all(_is_type(item) and item["#"] == "0.t_dtensor" for item in found["D"])
    if found["#"] != "0.t_dtensor" or len(found["D"]) != 5:
        return False
    kind, shape, layout, *rest = found["D"]
    numbers = isinstance(kind, dict) and set(kind) == {"#"} and isinstance(kind["#"], str) and kind["#"] in _TYPES
    extents = isinstance(shape, list) and len(shape) <= 9 and all(_is_int(extent, 62) and extent >= -1 for extent in shape)
    return numbers and extents and layout == "NCHW" and rest == [[], 0]


def _is_int(value, bits: int) -> bool:
    return type(value) is int and -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def _is_number(value) -> bool:
    return (type(value) in (int, float) and abs(value) < 1e300) or value in (math.inf, -math.inf)
