# SPDX-License-Identifier: Apache-2.0
"""Pictures of data sets that lie in folders: their colours, and what is damaged among them."""

import os
import resource
import struct
import zlib

import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.data.datasets import DATASETS, as_stage
from image_classification.CFC_SP.data.loader import training_batches
from image_classification.CFC_SP.data.picture_files import read_picture
from image_classification.CFC_SP.support.errors import UserError
from tests.picture_folders import write_picture


def test_pictures_come_in_rgb_order(tmp_path):
    (tmp_path / "train" / "sad").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "sad" / "a.png"), np.full((2, 2, 3), (1, 2, 3), np.uint8))
    assert DATASETS["folders"](tmp_path, "train").picture(0)[0, 0].tolist() == [3, 2, 1]


def test_a_damaged_picture_is_named(tmp_path):
    path = tmp_path / "train" / "sad" / "a.png"
    for content in (b"", b"no picture"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with pytest.raises(UserError, match="a.png: expected a picture, found none that decodes"):
            DATASETS["folders"](tmp_path, "train").picture(0)


def damaged_folders(root, count, damaged):
    for i in range(count):
        write_picture(root / "train" / ("sad" if i % 2 else "happy") / f"{i:04d}.png", i % 256)
    for i in damaged:
        (root / "train" / ("sad" if i % 2 else "happy") / f"{i:04d}.png").write_bytes(b"no picture")
    return as_stage(DATASETS["folders"](root, "train"), "flat", "single")


def test_damaged_pictures_are_left_out_with_a_word(tmp_path, small_config):
    """0, 2, ... are happy and come first: of 300 pictures number 150 is the first sad one."""
    data = damaged_folders(tmp_path, 300, [8, 10, 299])
    picture, place = data.sample(4)
    assert place == 6 and picture[0, 0, 0] == 12
    assert data.sample(299)[1] == 0
    assert sorted(data.damaged) == [4, 5, 299]
    assert "0008.png: expected a picture" in data.damaged[4]
    assert np.flatnonzero(~data.whole()).tolist() == [4, 5, 299]
    # A batch has the labels of the pictures that are in it.
    _, targets = next(training_batches(data, np.array([299, 4, *range(6, 20)]), small_config(), 0))
    np.testing.assert_array_equal(targets, data.targets[[0, 6, *range(6, 20)]])


def test_too_many_damaged_pictures_are_refused(tmp_path):
    data = damaged_folders(tmp_path, 300, [8, 10, 12, 14])
    with pytest.raises(UserError, match="more than 1% of 300 pictures are damaged, such as .*0008.png"):
        data.sample(4)


def header_of_png(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("kind", ["30000x30000", "sparse", "pipe"])
def test_files_of_no_picture_take_neither_time_nor_memory(tmp_path, kind):
    path = tmp_path / "a.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(header_of_png(30_000, 30_000) + b"\0\0\0\0IDAT")
    if kind == "sparse":
        os.truncate(path, 1 << 33)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match={"pipe": "a pipe", "sparse": "bytes at most", "30000x30000": "8192 px at most"}[kind]):
        read_picture(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
