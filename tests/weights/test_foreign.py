# SPDX-License-Identifier: Apache-2.0
"""Foreign pickles, written here byte for byte as PyTorch and Paddle write them (neither PyTorch nor a real file is needed)."""

import io
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.checkpoint import load_pretrained, read_tensors
from image_classification.CFC_SP.weights.foreign import read_pickled
from image_classification.RepVGG.repvgg import RepVGG


class Storage:
    """A PyTorch storage as its pickles name it."""

    def __init__(self, kind, key, array):
        self.kind, self.key, self.array = kind, key, array


class Call:
    """An object that pickles as the call of a function that need not exist here."""

    def __init__(self, module, name, *arguments):
        self.module, self.name, self.arguments = module, name, arguments

    def __reduce__(self):
        return global_of(self.module, self.name), self.arguments


def global_of(module, name):
    """A function that pickle writes as `module.name`."""

    def function(*_):
        raise AssertionError("called on loading")

    function.__module__, function.__qualname__, function.__name__ = module, name, name
    if module not in sys.modules or not hasattr(sys.modules[module], name):
        parts = module.split(".")
        for i in range(len(parts)):
            sys.modules.setdefault(".".join(parts[: i + 1]), types.ModuleType(".".join(parts[: i + 1])))
        setattr(sys.modules[module], name, function)
    return getattr(sys.modules[module], name)


@pytest.fixture(autouse=True)
def modules():
    """PyTorch's modules exist only while a test writes a file of its kind."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.split(".")[0] == "torch":
            del sys.modules[name]


class TorchPickler(pickle.Pickler):
    def __init__(self, file, legacy=False):
        super().__init__(file, protocol=2)
        self.storages, self.legacy = {}, legacy

    def persistent_id(self, value):
        if isinstance(value, Storage):
            self.storages[value.key] = value.array
            pid = ("storage", global_of("torch", value.kind), value.key, "cpu", value.array.size)
            return (*pid, None) if self.legacy else pid
        return None


def tensor(array, key, kind="FloatStorage", stride=None, offset=0, shape=None):
    shape = array.shape if shape is None else shape
    stride = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape))) if stride is None else stride
    storage = Storage(kind, key, np.ascontiguousarray(array).ravel())
    return Call("torch._utils", "_rebuild_tensor_v2", storage, offset, shape, stride, False, OrderedDict())


def write_zip(path, tree, compression=zipfile.ZIP_STORED):
    program = io.BytesIO()
    pickler = TorchPickler(program)
    pickler.dump(tree)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, array in pickler.storages.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
    return path


def write_legacy(path, tree):
    with open(path, "wb") as file:
        for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(head, file, protocol=2)
        pickler = TorchPickler(file, legacy=True)
        pickler.dump(tree)
        pickle.dump(sorted(pickler.storages), file, protocol=2)
        for key in sorted(pickler.storages):
            file.write(struct.pack("<q", pickler.storages[key].size) + pickler.storages[key].tobytes())
    return path


def write_paddle(path, tree):
    paddle.save(tree, str(path))
    return path


WRITERS = {"zip": write_zip, "legacy": write_legacy}
RNG = np.random.default_rng(0)
A, B = RNG.normal(0, 1, (3, 4)).astype("float32"), RNG.integers(0, 9, 5)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_torch_tensors_of_every_layout(write, tmp_path):
    half = A.astype(np.float16)
    wide = (A.view(np.uint32) >> 16).astype(np.uint16)
    tree = {
        "plain": tensor(A, "0"),
        "turned": tensor(A, "1", stride=(1, 4), shape=(4, 3)),
        "part": tensor(A, "2", offset=4, shape=(2, 2), stride=(4, 1)),
        "half": tensor(half, "3", "HalfStorage"),
        "bfloat": tensor(wide, "4", "BFloat16Storage"),
        "whole": tensor(B, "5", "LongStorage"),
        "scalar": tensor(np.array(7), "6", "LongStorage"),
        "parameter": Call("torch._utils", "_rebuild_parameter", tensor(A, "7"), True, OrderedDict()),
    }
    found = read_pickled(write(tmp_path / "weights.pth", {"state_dict": OrderedDict(tree), "epoch": 3}))
    assert found["epoch"] == 3
    found = found["state_dict"]
    assert found.keys() == tree.keys()
    expected = {"plain": A, "turned": A.T, "part": A[1:, :2], "half": half, "whole": B, "scalar": np.array(7), "parameter": A}
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    np.testing.assert_allclose(found["bfloat"], A, rtol=2**-7)


def test_paddles_state_dict(tmp_path):
    model = RepVGG(widths=(4, 6, 8), blocks=(1, 2), num_classes=5)
    found = read_tensors(write_paddle(tmp_path / "weights.pdparams", model.state_dict()))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(found[name], value.numpy())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_numpys_pickles_of_every_protocol(protocol, tmp_path):
    tree = {"a": A, "big": A.astype(">f8"), "fortran": np.asfortranarray(A), "flags": np.array([True, False])}
    path = tmp_path / "weights.pdparams"
    path.write_bytes(pickle.dumps(tree, protocol=protocol))
    for name, value in tree.items():
        np.testing.assert_array_equal(read_pickled(path)[name], value)


class Evil:
    def __reduce__(self):
        return os.system, ("touch " + Evil.trace,)


@pytest.mark.parametrize("write", [*WRITERS.values(), write_paddle, lambda path, tree: path.write_bytes(pickle.dumps(tree)) and path])
def test_a_malicious_pickle_is_refused_and_runs_nothing(write, tmp_path):
    Evil.trace = str(tmp_path / "trace")
    path = write(tmp_path / "weights.pth", {"a": 1, "evil": Evil()})
    with pytest.raises(UserError, match=r"weights.pth: refused, since it would run code on loading \((posix|nt).system\)"):
        read_pickled(path)
    assert not os.path.exists(Evil.trace)


@pytest.mark.parametrize("name", ["builtins.eval", "builtins.getattr", "torch.load", "numpy.fromfile", "collections.deque"])
def test_names_beyond_the_list_are_refused(name, tmp_path):
    module, _, function = name.rpartition(".")
    path = tmp_path / "weights.pth"
    path.write_bytes(b"\x80\x02c" + f"{module}\n{function}\n".encode() + b".")
    with pytest.raises(UserError, match=f"refused.*{name}"):
        read_pickled(path)


def test_sizes_are_bounded_by_what_is_there(tmp_path):
    huge = {
        "more than the storage": tensor(A, "0", shape=(10**12,), stride=(1,)),
        "one number many times": tensor(A, "0", shape=(10**9, 10**3), stride=(0, 0)),
        "past the end": tensor(A, "0", shape=(2,), stride=(11,), offset=1),
        "before the beginning": tensor(A, "0", shape=(2,), stride=(-1,), offset=1),
    }
    for value in huge.values():
        with pytest.raises(UserError, match="larger than its storage"):
            read_pickled(write_zip(tmp_path / "weights.pth", {"a": value}))
    with pytest.raises(UserError, match="compressed"):
        read_pickled(write_zip(tmp_path / "weights.pth", {"a": tensor(np.zeros(10**6, np.float32), "0")}, zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("write", [*WRITERS.values(), write_paddle])
def test_damaged_files_are_named(write, tmp_path):
    path = write(tmp_path / "weights.pth", {"a": tensor(A, "0") if write is not write_paddle else paddle.to_tensor(A)})
    whole = path.read_bytes()
    for damaged in (b"", b"no weights", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"weights.pth: (expected a whole|refused)"):
            read_pickled(path)
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(UserError, match="expected a dictionary of tensors, found list"):
        read_pickled(path)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_trainers_wrapping_is_taken_off(write, tmp_path):
    """FaceX-Zoo keeps its networks below "state_dict" and "backbone.", beside a classifier of identities."""
    paddle.seed(1)
    theirs, ours = (RepVGG(widths=(4, 6, 8), blocks=(1, 2), num_classes=5) for _ in range(2))
    names = {
        f"backbone.{name}".replace("._mean", ".running_mean").replace("._variance", ".running_var"): name for name in theirs.state_dict()
    }
    values = {name: value.numpy() for name, value in theirs.state_dict().items()}
    values["head.weight"] = values["head.weight"].T
    tree = {name: tensor(values[inner], str(i)) for i, (name, inner) in enumerate(names.items())}
    tree["head.weight"] = tensor(A, "identities")
    report = load_pretrained(ours, write(tmp_path / "weights.pth", {"state_dict": OrderedDict(tree), "epoch": 1}))
    assert report.origin == "timm"
    assert report.left_out == {"head.weight": "not a part of the backbone"}
    assert report.missing == ()
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].numpy(), value.numpy(), err_msg=name)


def test_no_checkpoint_of_this_network_names_what_was_looked_for(tmp_path):
    path = write_zip(tmp_path / "weights.pth", {"layers.0.qkv.weight": tensor(A, "0")})
    with pytest.raises(
        UserError, match="expected the tensor names of ours, timm, FaceX-Zoo, .*found 1 tensors such as layers.0.qkv.weight"
    ):
        load_pretrained(RepVGG(widths=(4, 6, 8), blocks=(1, 2), num_classes=5), path)
