# SPDX-License-Identifier: Apache-2.0
import os
from itertools import pairwise

import numpy as np
import pytest

from image_classification.CFC_SP.scoring.frames import fingerprint, load_frames, nearest
from image_classification.CFC_SP.support.errors import UserError
from tests.scoring.conftest import VIDEOS


def test_every_frame_of_every_video_is_there(affwild2):
    frames = load_frames("affwild2", affwild2, "val")
    assert frames.videos == tuple(VIDEOS) and frames.bounds.tolist() == [0, 12, 16, 19]
    assert frames.classes.tolist() == [label for labels, _ in VIDEOS.values() for label in labels]
    start = 0
    for name, (labels, crops) in VIDEOS.items():
        for i in range(len(labels)):
            number = frames.picture[start + i]
            expected = f"{name}/{i + 1:05d}.jpg" if i + 1 in crops else None
            assert (frames.source.names[number] if number >= 0 else None) == expected
        start += len(labels)
    assert len(frames.pictures()) == 11 and frames.pictures().picture(0).shape == (20, 20, 3)


def test_stills_are_their_own_frames(affwild2, tmp_path):
    (tmp_path / "val").mkdir()
    (affwild2 / "crops" / "a").rename(tmp_path / "val" / "happy")
    frames = load_frames("folders", tmp_path, "val")
    assert frames.videos == () and frames.picture.tolist() == list(range(7)) and set(frames.classes) == {4}


def test_mistakes_are_told(affwild2):
    with pytest.raises(UserError, match="expected one of .*affwild2.*, found 'faces'"):
        load_frames("faces", affwild2, "val")
    for path in affwild2.glob("crops/*/*.jpg"):
        path.unlink()
    with pytest.raises(UserError, match=r"expected crops of val videos, found none; make them with `cfc-sp prepare`"):
        load_frames("affwild2", affwild2, "val")


def test_nearest_against_a_loop():
    rng = np.random.default_rng(0)
    bounds = np.array([0, 1, 2, 30, 60, 61])
    for gaps in (0.0, 0.5, 0.9, 1.0):
        valid = rng.random(61) >= gaps
        expected = []
        for start, end in pairwise(bounds):
            known = [i for i in range(start, end) if valid[i]]
            expected += [min(known, key=lambda k, i=i: (abs(k - i), k), default=-1) for i in range(start, end)]
        assert nearest(valid, bounds).tolist() == expected


def test_the_earlier_of_two_as_near():
    assert nearest(np.array([True, False, True]), np.array([0, 3])).tolist() == [0, 0, 2]


def test_a_changed_picture_changes_the_fingerprint(affwild2, pictures_in_memory):
    first = fingerprint(load_frames("affwild2", affwild2, "val").source)
    assert fingerprint(load_frames("affwild2", affwild2, "val").source) == first
    crop = affwild2 / "crops" / "a" / "00002.jpg"
    before = crop.stat()
    crop.write_bytes(crop.read_bytes()[:-1] + b"\0")
    os.utime(crop, ns=(before.st_atime_ns, before.st_mtime_ns))
    # Same name, size and time of change: the file system knows better.
    assert fingerprint(load_frames("affwild2", affwild2, "val").source) != first
    one, other = pictures_in_memory(0), pictures_in_memory(1)
    assert fingerprint(one) == fingerprint(pictures_in_memory(0)) != fingerprint(other)
