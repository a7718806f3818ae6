# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.preparing.clip_script import FPS, LEAST_SHARE, NOBODY, STAY, Casting, write_scripts
from image_classification.CFC_SP.support.errors import UserError


def casting(counts, usable=lambda number: True):
    """Pictures of the eight classes as often as `counts` says, in order."""
    return Casting(np.repeat(np.arange(len(EXPR)), counts), usable, np.random.default_rng(0))


COUNTS = (1000, 300, 20, 60, 900, 350, 400, 15)


@pytest.fixture(scope="module")
def scripts():
    return write_scripts(casting(COUNTS), 20, 60, np.random.default_rng(1))


def test_every_frame_is_written(scripts):
    assert [len(script) for script in scripts] == [60 * FPS] * 20
    for script in scripts:
        assert len(script.first) == len(script.second) == len(script.mix) == len(script.labels)
        assert ((script.mix >= 0) & (script.mix < 1)).all()
        # A label is that of the one face in view, or of the one that has just left it.
        classes = np.repeat(np.arange(len(EXPR)), COUNTS)
        labelled = script.labels >= 0
        assert (script.mix[labelled] == 0).all()
        shown = labelled & (script.first != NOBODY)
        np.testing.assert_array_equal(classes[script.first[shown]], script.labels[shown])
        assert (script.labels[script.mix > 0] == -1).all()


def test_all_that_is_to_be_simulated_happens(scripts):
    labels = np.concatenate([script.labels for script in scripts])
    empty = np.concatenate([script.empty for script in scripts])
    assert (empty & (labels == -1)).any() and (empty & (labels >= 0)).any()
    assert any((script.second[script.mix > 0] != NOBODY).any() for script in scripts)
    assert 0.05 < (labels == -1).mean() < 0.2


def test_a_picture_is_seen_once(scripts):
    pictures = [picture for script in scripts for picture in script.pictures]
    assert len(pictures) == len(set(pictures)) > 200


def test_segments_last_as_long_as_they_should():
    script = write_scripts(casting([4000] * 8), 1, 3600, np.random.default_rng(2))[0]
    lengths = np.bincount(script.first[script.first != NOBODY])
    lengths = lengths[lengths > 0][:-1] / FPS
    # Fades add 0.6 s at most to either side.
    assert lengths.min() > 0.5
    assert lengths.max() < 9.3
    # The chance of the same class in the next segment: to stay, or to draw it again of eight.
    faces = script.first[(script.labels >= 0) & (script.first != NOBODY)]
    order = faces[np.flatnonzero(np.diff(faces, prepend=-9))] // 4000
    assert np.mean(order[1:] == order[:-1]) == pytest.approx(STAY + (1 - STAY) / 8, abs=0.04)


def test_the_classes_have_the_shares_of_the_split_and_none_is_missing(scripts):
    labels = np.concatenate([script.labels for script in scripts])
    shares = np.bincount(labels[labels >= 0], minlength=8) / (labels >= 0).sum()
    wanted = np.maximum(np.array(COUNTS) / sum(COUNTS), LEAST_SHARE)
    np.testing.assert_allclose(casting(COUNTS).shares, wanted / wanted.sum())
    assert (shares > 0).all()
    np.testing.assert_allclose(shares, wanted, atol=0.1)
    # A clip shows few of them.
    assert np.mean([len(set(script.labels.tolist()) - {-1}) for script in scripts]) < 4.5


def test_pictures_that_cannot_be_used_are_left_out():
    actors = casting(COUNTS, lambda number: number % 2 == 0)
    scripts = write_scripts(actors, 3, 20, np.random.default_rng(0))
    assert actors.refused > 0
    assert all(picture % 2 == 0 for script in scripts for picture in script.pictures)


def test_too_few_pictures_are_refused():
    with pytest.raises(UserError, match="expected enough pictures .* found too few: take fewer -clips"):
        write_scripts(casting([2] * 8), 2, 100, np.random.default_rng(0))


def test_a_class_without_pictures_is_not_asked_for():
    scripts = write_scripts(casting((100, 0, 0, 0, 100, 0, 0, 0)), 3, 30, np.random.default_rng(0))
    assert {label for script in scripts for label in script.labels.tolist()} == {-1, 0, 4}


def test_the_seed_decides():
    one, same, other = (write_scripts(casting(COUNTS), 2, 20, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a.first, b.first)
        np.testing.assert_array_equal(a.labels, b.labels)
        assert (a.first != c.first).any()
