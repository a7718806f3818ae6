# SPDX-License-Identifier: Apache-2.0
"""The wire format of Protocol Buffers, as far as it takes to write a message without the package and its schemas."""

from collections.abc import Iterable


def message(fields: Iterable[tuple[int, "int | str | bytes"]]) -> bytes:
    """A message of the fields (number, value) in that order: whole numbers of 0 or more, texts, bytes, or messages made before.

    A repeated field stands once for each of its values.
    """
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: "int | str | bytes") -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    groups = []
    while value >= 128:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
