# SPDX-License-Identifier: Apache-2.0
"""`.safetensors` files from anywhere: arrays and the texts beside them, sizes checked before memory is taken."""

import json
import os
import stat
import struct
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from .files import READ_AT_ONCE

# Of the head, which names the tensors: thousands of them take some hundred thousand bytes.
_MOST_HEAD_BYTES, _MOST_TENSORS = 8 << 20, 50_000
_TYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL")
_FAULTS = (SafetensorError, OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError, struct.error)


class TensorFileError(ValueError):
    """A file that is no whole `.safetensors`, or holds what no array can be made of; says what is wrong."""


def read_tensors_and_texts(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """(arrays by name, texts by name) of the `.safetensors` file at `path`; bfloat16 as float32. Raises TensorFileError."""
    try:
        head = read_head(path)
        arrays = {}
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118, it is no dict
                kind = head[name]["dtype"]
                if kind not in _TYPES:
                    raise TensorFileError(f"the tensor {name[:80]} is of type {kind[:20]}: store it as float32, float16 or bfloat16")
                arrays[name] = _bfloat16(path, head, name) if kind == "BF16" else file.get_tensor(name)
            return arrays, file.metadata() or {}
    except TensorFileError:
        raise
    except _FAULTS as error:
        raise TensorFileError(str(getattr(error, "strerror", None) or error)[:200]) from error


def read_head(path: str | Path) -> dict:
    """The file's head: by each tensor's name its dtype, shape and data_offsets (begin and end, in bytes), and under "", which no tensor
    is called, the position in the file from which these count. Raises TensorFileError and what `struct` and `json` raise."""
    with open(os.open(path, READ_AT_ONCE), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise TensorFileError("it is a pipe, a folder or a device")
        (size,) = struct.unpack("<Q", file.read(8))
        if size > min(found.st_size - 8, _MOST_HEAD_BYTES):
            raise TensorFileError(f"its head claims {size} of the file's {found.st_size} bytes; {_MOST_HEAD_BYTES} are the most")
        head = json.loads(file.read(size))
    if not isinstance(head, dict) or len(head) > _MOST_TENSORS or "" in head:
        raise TensorFileError(f"its head is not a list of at most {_MOST_TENSORS} named tensors")
    return head | {"": 8 + size}


def _bfloat16(path: str | Path, head: dict, name: str) -> np.ndarray:
    """A tensor as float32, whose upper half is what bfloat16 keeps. Its place and size are what the library has checked."""
    begin, end = head[name]["data_offsets"]
    values = np.fromfile(path, "<u2", (end - begin) // 2, offset=head[""] + begin)
    return (values.astype("<u4") << 16).view("<f4").reshape(head[name]["shape"])
