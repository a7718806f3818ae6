# SPDX-License-Identifier: Apache-2.0
"""Foreign weight files read without running their code: PyTorch's and Paddle's pickles, through unpicklers that know a few names.

A pickle is a program. The unpickler here resolves names only to the stand-ins below, which hold data and do nothing else, and every
size is checked against the bytes that are really there before memory is taken. Its steps are counted, and so is what comes of them: a
few bytes may refer to one thing again and again.
"""

import math
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..support.errors import UserError
from ..support.files import READ_AT_ONCE
from .plain_pickle import BoundedFile, ForbiddenPickle, PlainUnpickler

# A zip of PyTorch's names its pickle and storages under one folder; a legacy file begins with this number.
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_DTYPES = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


_DAMAGE = (
    *(pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, RecursionError, OverflowError, MemoryError, NotImplementedError),
    *(KeyError, ValueError, TypeError, IndexError, AttributeError, AssertionError, struct.error),
)
# Networks of the largest families have some thousands of tensors; with an optimizer's state three times as many.
_MOST_VALUES = 200_000
# Tensors may share storages, as tied weights do: so many times the file's bytes all of them have at most, and a small file's some more.
_MOST_SHARED, _FREE_BYTES = 4, 1 << 20


def read_pickled(path: str | Path) -> dict:
    """What a `.pt`, `.pth` or `.pdparams` file holds: nested dictionaries with NumPy arrays as leaves (bfloat16 as float32).

    Raises UserError for a file that is none, is cut, asks for anything but arrays, plain values and dictionaries of them, or makes more
    of these than its bytes can mean.
    """
    path = Path(path)
    try:
        with open(os.open(path, READ_AT_ONCE), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            resolver = _Resolver(size)
            if zipfile.is_zipfile(file):
                tree = _read_torch_zip(file, size, resolver)
            else:
                file.seek(0)
                tree = _read_plain(file, size, resolver)
    except ForbiddenPickle as error:
        raise UserError(f"{path}: refused, since it would run code on loading ({error}): ask for the weights as .safetensors") from error
    except _DAMAGE as error:
        # Whatever a damaged pickle does to the machine that reads it comes out as one of these.
        reason = str(error)[:120]
        raise UserError(f"{path}: expected a whole .pt, .pth or .pdparams file, found a damaged or foreign one ({reason})") from error
    if not isinstance(tree, dict):
        raise UserError(f"{path}: expected a dictionary of tensors, found {type(tree).__name__}: save the state_dict, not the model")
    return tree


class _Stand:
    """Keeps what a pickle says of an object; nothing happens."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        self.state = state


class _Dtype(_Stand):
    """numpy.dtype(code, align, copy) with the byte order in its state."""

    def resolve(self) -> np.dtype:
        code, order = self.arguments[0], getattr(self, "state", (3, "<"))[1]
        if not isinstance(code, str) or code not in _DTYPES or not isinstance(order, str) or order not in ("<", ">", "|", "="):
            raise ForbiddenPickle("an array of Python objects, or of a type that weights do not have")
        return np.dtype(code).newbyteorder("<" if order in "|=" else order)


class _Array(_Stand):
    """numpy.ndarray by _reconstruct, then a state of (version, shape, dtype, Fortran order, bytes)."""

    def resolve(self) -> np.ndarray:
        _, shape, dtype, fortran, data = self.state
        if not isinstance(data, bytes) or not isinstance(dtype, _Dtype):
            raise ForbiddenPickle("an array of Python objects")
        return np.frombuffer(data, dtype.resolve()).reshape(_whole_numbers(shape), order="F" if fortran is True else "C")


class _FromBuffer(_Stand):
    """NumPy's form under pickle protocol 5: (bytes, dtype, shape, order)."""

    def resolve(self) -> np.ndarray:
        data, dtype, shape, order = self.arguments
        if not isinstance(data, bytes | bytearray) or not isinstance(dtype, _Dtype):
            raise ForbiddenPickle("an array of Python objects")
        return np.frombuffer(data, dtype.resolve()).reshape(_whole_numbers(shape), order="F" if order == "F" else "C")


class _Tensor(_Stand):
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)."""

    def resolve(self) -> np.ndarray:
        storage, offset, size, stride = self.arguments[:4]
        (offset,), size, stride = _whole_numbers((offset,)), _whole_numbers(size), _whole_numbers(stride)
        if not isinstance(storage, _Storage):
            raise ValueError("a tensor without a storage")
        values = storage.values()
        count = math.prod(size)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if count else offset
        if count > len(values) or (count and last >= len(values)):
            raise ValueError(f"a tensor of {count} numbers is larger than its storage")
        strides = [s * values.itemsize for s in stride]
        return np.lib.stride_tricks.as_strided(values[offset:], size, strides, writeable=False)


class _Parameter(_Stand):
    """torch._utils._rebuild_parameter(tensor, ...)."""

    def resolve(self) -> np.ndarray:
        if not isinstance(self.arguments[0], _Tensor):
            raise ValueError("a parameter without a tensor")
        return self.arguments[0].resolve()


class _Storage:
    """One storage of PyTorch's, whose bytes are read when a tensor asks for them, once."""

    def __init__(self, kind: str, read: Callable[[], bytes], count: int):
        self._kind, self._read, self._count = kind, read, count
        self._values: np.ndarray | None = None

    def __setstate__(self, state):
        raise ForbiddenPickle("a storage of another kind")

    def values(self) -> np.ndarray:
        if self._values is None:
            data, wide = self._read(), self._kind == "bfloat16"
            values = np.frombuffer(data, "<u2" if wide else self._kind)
            if len(values) != self._count:
                raise ValueError(f"a storage of {str(self._count)[:20]} numbers has {len(values)}")
            # bfloat16 is the upper half of a float32.
            self._values = (values.astype("<u4") << 16).view("<f4") if wide else values
        return self._values


def _whole_numbers(values) -> tuple[int, ...]:
    """`values` as a tuple, if they are extents, strides or offsets."""
    if not isinstance(values, tuple | list) or not all(type(value) is int and 0 <= value < 1 << 62 for value in values):
        raise ValueError("a tensor whose sizes are no whole numbers, or larger than its storage")
    return tuple(values)


def _encode(text, encoding) -> bytes:
    """_codecs.encode, by which old pickle protocols spell bytes."""
    if encoding != "latin1" or not isinstance(text, str):
        raise ForbiddenPickle("an encoding that weights do not need")
    return text.encode("latin1")


def _tuple(values=()) -> tuple:
    """tuple and torch.Size, of a few numbers."""
    if not isinstance(values, tuple | list):
        raise ForbiddenPickle("a tuple of something else than values")
    return tuple(values)


def _ordered_dict(*nothing) -> dict:
    """collections.OrderedDict, which is filled item by item."""
    if nothing:
        raise ForbiddenPickle("a dictionary made of something else")
    return {}


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
_KNOWN = {
    **{(module, "_reconstruct"): _Array for module in _NUMPY},
    **{(module, "_frombuffer"): _FromBuffer for module in _NUMPY},
    ("numpy", "ndarray"): _Stand,
    ("numpy", "dtype"): _Dtype,
    ("collections", "OrderedDict"): _ordered_dict,
    ("_codecs", "encode"): _encode,
    ("builtins", "tuple"): _tuple,
    ("__builtin__", "tuple"): _tuple,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch._utils", "_rebuild_parameter"): _Parameter,
    ("torch", "Size"): _tuple,
    **{("torch", name): name for name in _STORAGES},
}


def _storage_of(pid, read: Callable[[str], bytes]) -> _Storage:
    """The storage that a persistent id ("storage", kind, key, place, count) names."""
    if not isinstance(pid, tuple) or len(pid) < 5 or not all(isinstance(part, str) for part in pid[:3]):
        raise ForbiddenPickle("an outside object")
    if pid[0] != "storage" or pid[1] not in _STORAGES or type(pid[4]) is not int:
        raise ForbiddenPickle(f"an outside object {pid[0][:60]} {pid[1][:60]}")
    return _Storage(_STORAGES[pid[1]], lambda: read(pid[2]), pid[4])


def _read_torch_zip(file, size: int, resolver: "_Resolver") -> dict:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        packed = [
            name for name, info in members.items() if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size
        ]
        if packed:
            raise ForbiddenPickle(f"a compressed part {packed[0][:60]}")
        if sum(info.file_size for info in archive.infolist()) > size:
            raise ValueError("parts that lie on top of each other")
        program = next((name for name in members if name.endswith("data.pkl")), None)
        if program is None:
            raise ValueError("a zip without data.pkl")
        folder = program.removesuffix("data.pkl")
        if members.get(f"{folder}byteorder") and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("big-endian storages")
        storages: dict[str, _Storage] = {}

        def storage(pid):
            found = _storage_of(pid, lambda key: archive.read(f"{folder}data/{key}"))
            return storages.setdefault(f"{pid[1]} {pid[2]}", found)

        with archive.open(program) as stream:
            return resolver.resolve(PlainUnpickler(BoundedFile(stream, members[program].file_size), _KNOWN, storage).load())


def _read_plain(file, size: int, resolver: "_Resolver") -> dict:
    # Its steps are counted over all the pickles that lie in it one after the other.
    bounded = BoundedFile(file, size)
    first = PlainUnpickler(bounded, _KNOWN).load()
    if type(first) is not int or first != _LEGACY_MAGIC:
        return resolver.resolve(first)
    for _ in ("protocol", "system"):
        PlainUnpickler(bounded, _KNOWN).load()
    blocks: dict[str, bytes] = {}
    kinds: dict[str, tuple[str, int]] = {}
    storages: dict[str, _Storage] = {}

    def storage(pid):
        found = _storage_of(pid, lambda key: blocks[key])
        kinds[pid[2]] = _STORAGES[pid[1]], pid[4]
        return storages.setdefault(f"{pid[1]} {pid[2]}", found)

    tree = PlainUnpickler(bounded, _KNOWN, storage).load()
    keys = PlainUnpickler(bounded, _KNOWN).load()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("storages without names")
    for key in keys:
        kind, count = kinds[key]
        if int.from_bytes(bounded.read(8), "little") != count:
            raise ValueError("a storage of another length than its tensors say")
        blocks[key] = bounded.read(count * (2 if kind == "bfloat16" else np.dtype(kind).itemsize))
    return resolver.resolve(tree)


class _Resolver:
    """Puts arrays in the stand-ins' places, each once, and counts what there is."""

    def __init__(self, file_bytes: int):
        self._values_left, self._bytes_left = _MOST_VALUES, _MOST_SHARED * file_bytes + _FREE_BYTES

    def resolve(self, value):
        """The tree with arrays in the stand-ins' places."""
        self._values_left -= 1
        if self._values_left < 0:
            raise ValueError(f"more than {_MOST_VALUES} values")
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        # Paddle saves a single tensor as (name, array).
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
            return self.resolve(value[1])
        if not hasattr(value, "resolve"):
            return value
        found = value.resolve()
        if isinstance(found, np.ndarray):
            self._bytes_left -= found.nbytes
            if self._bytes_left < 0:
                raise ValueError("tensors of many times the file's bytes")
        return found
