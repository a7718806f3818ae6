# SPDX-License-Identifier: Apache-2.0
"""What an ONNX model of a bundle may be: computations of ONNX's own operators on numbers of the model and of the bundle's weights.

It reads protobuf's wire format by itself: no engine asks for the package onnx, and whatever is not listed here is refused.
"""

from collections.abc import Iterator, Mapping

# Domains of ONNX's own operators; those of engines' makers may do anything.
_DOMAINS = (b"", b"ai.onnx")
# By message: what its fields are called and of which message each is, by number; None: a number or bytes that hold no message that
# matters. From onnx.proto, IR version 8. What nothing here is made of is left out: functions, training, graphs within graphs.
_MESSAGES = {
    "model": {1: None, 2: None, 3: None, 4: None, 5: None, 6: None, 7: "graph", 8: "opset", 14: None},
    "opset": {1: None, 2: None},
    "graph": {1: "node", 2: None, 5: "tensor", 10: None, 11: None, 12: None, 13: None, 16: None},
    "node": {1: None, 2: None, 3: None, 4: None, 5: "attribute", 6: None, 7: None, 9: None},
    "attribute": {1: None, 2: None, 3: None, 4: None, 5: "tensor", 7: None, 8: None, 9: None, 13: None, 20: None},
    "tensor": {1: None, 2: None, 4: None, 5: None, 6: None, 7: None, 8: None, 9: None, 10: None, 11: None, 12: None, 13: "entry", 14: None},
    "entry": {1: None, 2: None},
}
_OPERATOR, _DOMAIN, _OPSET_DOMAIN, _ELSEWHERE, _KEY, _VALUE = 4, 7, 1, 14, 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_MESSAGES = 1_000_000


class _Refused(ValueError):
    pass


def check_model(model: bytes, weights: Mapping[str, int]) -> str | None:
    """Why a model is refused; None where it is sound. weights: the bytes of each file beside it, by name, that it may take numbers from."""
    waiting, seen = [("model", memoryview(model))], 0
    graphs = 0
    try:
        while waiting:
            kind, content = waiting.pop()
            seen += 1
            if seen > _MOST_MESSAGES:
                raise _Refused("it has more parts than any network")
            graphs += kind == "graph"
            values = {}
            for number, value in _fields(content):
                if number not in _MESSAGES[kind]:
                    raise _Refused(f"a {kind} of it holds what no network here is made of (field {number})")
                inner = _MESSAGES[kind][number]
                if inner is None:
                    values[number] = value
                elif isinstance(value, int):
                    raise _Refused("it is no ONNX model")
                else:
                    waiting.append((inner, value))
                    values.setdefault(number, []).append(value)
            _check_message(kind, values, weights)
    except _Refused as error:
        return str(error)
    return None if graphs == 1 else "it is no ONNX model"


def _check_message(kind: str, values: dict, weights: Mapping[str, int]) -> None:
    if kind == "node":
        domain, operator = bytes(values.get(_DOMAIN, b"")), bytes(values.get(_OPERATOR, b""))
        if domain not in _DOMAINS:
            raise _Refused(f"it holds the operator {_shown(domain)}.{_shown(operator)}, which no network here is made of")
    elif kind == "opset" and bytes(values.get(_OPSET_DOMAIN, b"")) not in _DOMAINS:
        raise _Refused(f"it asks for operators of {_shown(bytes(values[_OPSET_DOMAIN]))}, which no network here is made of")
    elif kind == "tensor" and (13 in values or values.get(_ELSEWHERE, 0)):
        entries = {bytes(entry.get(_KEY, b"")): bytes(entry.get(_VALUE, b"")) for entry in map(dict, map(_fields, values.get(13, [])))}
        place = entries.pop(b"location", b"").decode("utf-8", "replace")
        if place not in weights:
            raise _Refused(f"it takes numbers from the file {_shown(place.encode())}, which is no weights file of this bundle")
        if set(entries) != {b"offset", b"length"} or not all(value.isdigit() and len(value) < 16 for value in entries.values()):
            raise _Refused(f"it does not say where in {place} its numbers are")
        if int(entries[b"offset"]) + int(entries[b"length"]) > weights[place]:
            raise _Refused(f"it takes numbers from behind the end of {place}")


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field of a message; numbers of fixed width come as their bytes."""
    place = 0
    while place < len(content):
        tag, place = _varint(content, place)
        kind = tag & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
        else:
            if kind == _BYTES:
                length, place = _varint(content, place)
            elif kind in (_FIXED32, _FIXED64):
                length = 4 if kind == _FIXED32 else 8
            else:
                raise _Refused("it is no ONNX model")
            value, place = content[place : place + length], place + length
            if place > len(content):
                raise _Refused("it is no ONNX model, or its end is missing")
        yield tag >> 3, value


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise _Refused("it is no ONNX model, or its end is missing")
        byte = content[place]
        value, place = value | (byte & 127) << shift, place + 1
        if byte < 128:
            return value, place
    raise _Refused("it is no ONNX model")


def _shown(text: bytes) -> str:
    return text[:40].decode("ascii", "backslashreplace")
