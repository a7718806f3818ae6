"""What an ONNX model of a bundle may be: computations of ONNX's own operators on numbers that lie in the model itself."""

from collections.abc import Iterator

import onnx
from google.protobuf.message import DecodeError, Message

from ..support.errors import UserError

# Domains of ONNX's own operators; those of engines' makers may do anything.
_DOMAINS = ("", "ai.onnx")
# Operators that hold graphs of their own, which no network here needs.
_FORBIDDEN = ("If", "Loop", "Scan")


def check_model(model: bytes, name: str) -> None:
    """Raises UserError, with the program's name, for bytes that are no ONNX model, numbers in another file, operators of other domains,
    and functions."""
    if reason := _fault(model):
        raise UserError(f"ONNX model of the program {name} refused: {reason}; write it again with `cfc-sp onnx`")


def _fault(model: bytes) -> str | None:
    try:
        tree = onnx.load_model_from_string(model)
    except (DecodeError, ValueError):
        return "it is no ONNX model"
    if tree.functions or tree.training_info:
        return "it defines functions, and no network here does"
    for message in _within(tree):
        if isinstance(message, onnx.TensorProto) and (message.data_location == onnx.TensorProto.EXTERNAL or message.external_data):
            return "it takes numbers from another file"
        if isinstance(message, onnx.NodeProto) and (message.domain not in _DOMAINS or message.op_type in _FORBIDDEN):
            return f"it holds the operator {message.domain[:40]}.{message.op_type[:40]}, which no network here is made of"
    return None


def _within(message: Message) -> Iterator[Message]:
    """The message and all messages in it, in any order."""
    waiting = [message]
    while waiting:
        found = waiting.pop()
        yield found
        for field, value in found.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if isinstance(value, Message) else value)
