"""Foreign weight files read without running their code: PyTorch's and Paddle's pickles, through unpicklers that know a few names.

A pickle is a program. The unpicklers here resolve names only to the stand-ins below, which hold data and do nothing else, and every
size is checked against the bytes that are really there before memory is taken.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..support.errors import UserError

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
    *(pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, RecursionError),
    *(KeyError, ValueError, TypeError, IndexError, AttributeError),
)


class ForbiddenPickle(pickle.UnpicklingError):
    """A pickle that asks for something a file of weights has no use for."""


def read_pickled(path: str | Path) -> dict:
    """What a `.pt`, `.pth` or `.pdparams` file holds: nested dictionaries with NumPy arrays as leaves (bfloat16 as float32).

    Raises UserError for a file that is none, is cut, or asks for anything but arrays, plain values and dictionaries of them.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            if zipfile.is_zipfile(file):
                tree = _read_torch_zip(file)
            else:
                file.seek(0)
                tree = _read_plain(file)
    except ForbiddenPickle as error:
        raise UserError(f"{path}: refused, since it would run code on loading ({error}): ask for the weights as .safetensors") from error
    except _DAMAGE as error:
        # Whatever a damaged pickle does to the machine that reads it comes out as one of these.
        raise UserError(f"{path}: expected a whole .pt, .pth or .pdparams file, found a damaged or foreign one ({error})") from error
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
        if code not in _DTYPES or order not in "<>|=":
            raise ForbiddenPickle(f"an array of type {code!r}")
        return np.dtype(code).newbyteorder("<" if order in "|=" else order)


class _Array(_Stand):
    """numpy.ndarray by _reconstruct, then a state of (version, shape, dtype, Fortran order, bytes)."""

    def resolve(self) -> np.ndarray:
        _, shape, dtype, fortran, data = self.state
        if not isinstance(data, bytes) or not isinstance(dtype, _Dtype):
            raise ForbiddenPickle("an array of Python objects")
        return np.frombuffer(data, dtype.resolve()).reshape(shape, order="F" if fortran else "C")


class _FromBuffer(_Stand):
    """NumPy's form under pickle protocol 5: (bytes, dtype, shape, order)."""

    def resolve(self) -> np.ndarray:
        data, dtype, shape, order = self.arguments
        return np.frombuffer(bytes(data), dtype.resolve()).reshape(shape, order=order)


class _Tensor(_Stand):
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)."""

    def resolve(self) -> np.ndarray:
        storage, offset, size, stride = self.arguments[:4]
        values = storage.values()
        count = math.prod(size)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if count else offset
        if min((*size, *stride, offset), default=0) < 0 or count > len(values) or (count and last >= len(values)):
            raise ValueError(f"a tensor of shape {list(size)} is larger than its storage")
        strides = [s * values.itemsize for s in stride]
        return np.lib.stride_tricks.as_strided(values[offset:], tuple(size), strides, writeable=False).copy()


class _Parameter(_Stand):
    """torch._utils._rebuild_parameter(tensor, ...)."""

    def resolve(self) -> np.ndarray:
        return self.arguments[0].resolve()


class _Storage:
    """One storage of PyTorch's, whose bytes are read when a tensor asks for them."""

    def __init__(self, kind: str, read: Callable[[], bytes], count: int):
        self._kind, self._read, self._count = kind, read, count

    def values(self) -> np.ndarray:
        data, wide = self._read(), self._kind == "bfloat16"
        values = np.frombuffer(data, "<u2" if wide else self._kind)
        if len(values) != self._count:
            raise ValueError(f"a storage of {self._count} numbers has {len(values)}")
        # bfloat16 is the upper half of a float32.
        return (values.astype("<u4") << 16).view("<f4") if wide else values


def _encode(text: str, encoding: str) -> bytes:
    """_codecs.encode, by which old pickle protocols spell bytes."""
    if encoding != "latin1":
        raise ForbiddenPickle(f"an encoding {encoding!r}")
    return text.encode("latin1")


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
_KNOWN = {
    **{(module, "_reconstruct"): _Array for module in _NUMPY},
    **{(module, "_frombuffer"): _FromBuffer for module in _NUMPY},
    ("numpy", "ndarray"): _Stand,
    ("numpy", "dtype"): _Dtype,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
    ("builtins", "tuple"): tuple,
    ("__builtin__", "tuple"): tuple,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch._utils", "_rebuild_parameter"): _Parameter,
    ("torch", "Size"): tuple,
    **{("torch", name): name for name in _STORAGES},
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, storage: Callable[[tuple], _Storage] | None = None):
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module, name):
        if (module, name) not in _KNOWN:
            raise ForbiddenPickle(f"{module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid):
        if self._storage is None or not isinstance(pid, tuple) or pid[0] != "storage" or pid[1] not in _STORAGES:
            raise ForbiddenPickle(f"an outside object {str(pid)[:60]}")
        return self._storage(pid)


def _read_torch_zip(file) -> dict:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename: info for info in archive.infolist()}
        packed = [
            name for name, info in members.items() if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size
        ]
        if packed:
            raise ForbiddenPickle(f"a compressed part {packed[0]}")
        program = next((name for name in members if name.endswith("data.pkl")), None)
        if program is None:
            raise ValueError("a zip without data.pkl")
        folder = program.removesuffix("data.pkl")
        if members.get(f"{folder}byteorder") and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("big-endian storages")

        def storage(pid):
            return _Storage(_STORAGES[pid[1]], lambda: archive.read(f"{folder}data/{pid[2]}"), pid[4])

        with archive.open(program) as stream:
            return _resolve(_Unpickler(stream, storage).load())


def _read_plain(file) -> dict:
    first = _Unpickler(file).load()
    if first != _LEGACY_MAGIC:
        return _resolve(first)
    for _ in ("protocol", "system"):
        _Unpickler(file).load()
    blocks: dict[str, bytes] = {}
    kinds: dict[str, tuple[str, int]] = {}

    def storage(pid):
        kinds[pid[2]] = _STORAGES[pid[1]], pid[4]
        return _Storage(_STORAGES[pid[1]], lambda: blocks[pid[2]], pid[4])

    tree = _Unpickler(file, storage).load()
    for key in _Unpickler(file).load():
        kind, count = kinds[key]
        if int.from_bytes(file.read(8), "little") != count:
            raise ValueError("a storage of another length than its tensors say")
        size = count * (2 if kind == "bfloat16" else np.dtype(kind).itemsize)
        blocks[key] = file.read(size)
    return _resolve(tree)


def _resolve(value):
    """The tree with arrays in the stand-ins' places."""
    if isinstance(value, dict):
        return {key: _resolve(item) for key, item in value.items()}
    # Paddle saves a single tensor as (name, array).
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return _resolve(value[1])
    return value.resolve() if hasattr(value, "resolve") else value
