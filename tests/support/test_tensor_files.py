# SPDX-License-Identifier: Apache-2.0
import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import save

from image_classification.CFC_SP.support.tensor_files import TensorFileError, read_tensors_and_texts
from tests.work import bounded_work


def packed(head, data=b""):
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(head)) + head + data


def entry(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "a.safetensors").write_bytes(content)
        return read_tensors_and_texts(tmp_path / "a.safetensors")

    return read


def test_bfloat16_is_read_as_float32(read):
    values = np.array([[1.0, -2.5, 3e38], [0.0, np.inf, 1e-38]], np.float32)
    upper = (values.view("<u4") >> 16).astype("<u2")
    plain = np.arange(3, dtype=np.int16)
    head = {"__metadata__": {"note": "x"}, "b": entry("BF16", [2, 3], 6, 18), "a": entry("I16", [3], 0, 6)}
    arrays, texts = read(packed(head, plain.tobytes() + upper.tobytes()))
    assert texts == {"note": "x"}
    np.testing.assert_array_equal(arrays["a"], plain)
    assert arrays["b"].dtype == np.float32
    np.testing.assert_array_equal(arrays["b"], (upper.astype("<u4") << 16).view(np.float32))
    np.testing.assert_allclose(arrays["b"], values, rtol=2**-6)


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "C64"])
def test_types_that_numpy_has_not_are_refused_by_name(read, kind):
    size = 8 if kind == "C64" else 1
    with pytest.raises(TensorFileError, match=f"the tensor w is of type {kind}: store it as float32"):
        read(packed({"w": entry(kind, [2], 0, 2 * size)}, bytes(2 * size)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\xff" * 9,
        struct.pack("<Q", 1 << 40) + b"{",
        struct.pack("<Q", 9 << 20) + b" " * (9 << 20),
        packed(b"[" * 100_000),
        packed(b'{"a":' * 50_000),
        packed([]),
        packed({"a": entry("F32", [2], 0, 4)}, bytes(4)),
        packed({"a": entry("F32", [1 << 62], 0, 4)}, bytes(4)),
        packed({"a": entry("F32", [1 << 40, 1 << 40], 0, 4)}, bytes(4)),
        packed({"a": entry("F32", [1] * 100, 0, 4)}, bytes(4)),
        packed({"a": entry("F32", [0, 1 << 62], 0, 0)}),
        packed({"a": entry("BF16", [-1], 0, 4)}, bytes(4)),
        packed({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 0, 4)}, bytes(4)),
        packed({"a": 7}),
        packed({"": entry("F32", [1], 0, 4)}, bytes(4)),
        packed({f"{i}": entry("U8", [0], 0, 0) for i in range(60_000)}),
        packed(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,4]}}', bytes(4)),
        save({"a": np.zeros(3)})[:-1],
    ],
    ids=range(20),
)
def test_what_does_not_fit_together_is_refused_at_once(read, content):
    with bounded_work(), pytest.raises(TensorFileError):
        read(content)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.safetensors")
    with pytest.raises(TensorFileError, match="a pipe"):
        read_tensors_and_texts(tmp_path / "a.safetensors")
