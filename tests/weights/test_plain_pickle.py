# SPDX-License-Identifier: Apache-2.0
"""Pickles that are small and would take gigabytes, minutes or other people's code, written opcode by opcode."""

import pickle
import resource
import struct
import zipfile

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.weights.foreign import read_pickled
from tests.weights.test_foreign import A, tensor, write_legacy, write_zip
from tests.work import bounded_work


def doubled(kind, levels=45):
    """Things of two references each to the one below: two to the power of the levels."""
    begin, end = {"dict": (b"}(X\1\0\0\0a", b"u"), "tuple": (b"(", b"t"), "list": (b"](", b"e")}[kind]
    code = b"K\1q\0"
    for level in range(levels):
        middle = b"X\1\0\0\0b" if kind == "dict" else b""
        code += begin + b"h" + bytes([level]) + middle + b"h" + bytes([level]) + end + b"q" + bytes([level + 1])
    return b"\x80\x02" + code


def as_dictionary(code):
    """`code`, whose last value is wrapped as {"a": value}."""
    return code + b"q\xf0" + b"0}(X\1\0\0\0ah\xf0u."


REFUSED = {
    "shared dictionaries": as_dictionary(doubled("dict")),
    "shared tuples as a key": doubled("tuple") + b"q\xf0" + b"0}(h\xf0K\1u.",
    "shared tuples as a type": doubled("tuple") + b"q\xf00}X\1\0\0\0acnumpy\ndtype\nh\xf0\x85Rs.",
    "shared tuples as a storage": doubled("tuple") + b"q\xf00}X\1\0\0\0ah\xf0Qs.",
    "bytes of 4 GB": b"\x80\x03}X\1\0\0\0aB" + struct.pack("<I", 2**32 - 1) + b"s.",
    "text of 4 GB": b"\x80\x03X" + struct.pack("<I", 2**32 - 1),
    "text of 2^62 bytes": b"\x80\x04\x8d" + struct.pack("<Q", 2**62),
    "a bytearray of 2^40 bytes": b"\x80\x05\x96" + struct.pack("<Q", 2**40),
    "a frame of 2^40 bytes": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"X\xff\xff\xff\xff",
    "a memo of 64 GB": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a number of 2 GB": b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1),
    "a number of many digits": b"L" + b"9" * 3_000_000 + b"L\n.",
    "a million steps": b"\x80\x02" + b"N0" * 500_000 + b"}.",
    "depth": as_dictionary(b"\x80\x02" + b"}X\1\0\0\0a" * 50_000 + b"N" + b"s" * 50_000),
    "a set": b"\x80\x04\x8f.",
    "an object of a class": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "an object of old": b"(icollections\nOrderedDict\n.",
    "a state of a class": b"\x80\x02cnumpy\ndtype\nNb.",
    "a state of a function": b"\x80\x02c_codecs\nencode\n}X\1\0\0\0aK\1sb.",
    "an extension": b"\x80\x02\x82\1.",
    "a dictionary of pairs": b"\x80\x02ccollections\nOrderedDict\n](K\1K\2\x86e\x85R.",
    "a call of a text": b"\x80\x02X\1\0\0\0a)R.",
    "nothing on the stack": b"\x80\x02R.",
    "a mark that is not there": b"\x80\x02t.",
    "an unknown step": b"\x80\x02\xff.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_small_pickle_is_refused_at_once(name, tmp_path):
    path = tmp_path / "weights.pdparams"
    path.write_bytes(REFUSED[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with bounded_work(), pytest.raises(UserError, match=r"weights.pdparams: (expected a whole|expected a dictionary|refused)"):
        print(read_pickled(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_many_tensors_over_one_storage_are_refused(write, tmp_path):
    big = A.repeat(25_000).reshape(3, 100_000)
    shared = tensor(big, "0")
    tree = {str(i): tensor(big, "0") for i in range(4)} | {"again": shared}
    with pytest.raises(UserError, match="tensors of many times the file's bytes"):
        read_pickled(write(tmp_path / "weights.pth", {**tree, **{f"{i}": tensor(big, "0") for i in range(9)}}))
    del tree["0"], tree["1"]
    found = read_pickled(write(tmp_path / "weights.pth", tree))
    assert all((value == big).all() for value in found.values()) and len(found) == 3


def test_parts_of_a_zip_on_top_of_each_other_are_refused(tmp_path):
    path = write_zip(tmp_path / "weights.pth", {"a": tensor(A.repeat(1000), "0")})
    with zipfile.ZipFile(path, "a") as archive:
        info = archive.getinfo("archive/data/0")
        for i in range(9):
            twin = zipfile.ZipInfo(f"archive/data/{i + 1}")
            for name in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(twin, name, getattr(info, name))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    with pytest.raises(UserError, match="on top of each other"):
        read_pickled(path)


def test_a_large_optimizers_state_is_read(tmp_path):
    tree = {"state": {i: {"step": i, "exp_avg": tensor(A, str(i))} for i in range(2000)}, "param_groups": [{"lr": 0.1, "params": [1, 2]}]}
    with bounded_work():
        found = read_pickled(write_zip(tmp_path / "weights.pth", tree))
    assert (found["state"][1999]["exp_avg"] == A).all() and found["param_groups"] == [{"lr": 0.1, "params": [1, 2]}]


def test_a_pickle_that_is_one_step_too_long_for_its_file(tmp_path):
    path = tmp_path / "weights.pdparams"
    path.write_bytes(pickle.dumps({"a": b"x" * 70_000}, protocol=4)[:-1])
    with pytest.raises(UserError, match="a length of 1 bytes where 0 are left"):
        read_pickled(path)
