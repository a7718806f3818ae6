# SPDX-License-Identifier: Apache-2.0
"""What runs short is told from what is wrong."""

import pytest

from image_classification.CFC_SP.support.errors import shortage


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("In user code:"), "memory"),
        (ImportError("a.so: failed to map segment from shared object"), "memory"),
        (RuntimeError("std::bad_alloc"), "memory"),
        (RuntimeError("ResourceExhaustedError: Fail to alloc memory of 15859712 size"), "memory"),
        (RuntimeError("can't start new thread"), "memory"),
        (OSError(12, "Cannot allocate memory"), "memory"),
        (OSError(24, "Too many open files"), "files"),
        (OSError(2, "No such file or directory"), None),
        (ImportError("No module named a"), None),
        (ValueError("shape"), None),
    ],
)
def test_shortages_are_known_by_their_words(error, told):
    assert (shortage(error) is None) if told is None else (told in shortage(error))
