# SPDX-License-Identifier: Apache-2.0
"""Labels of a stream, frame by frame."""

from itertools import groupby

import numpy as np

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import Face, FrameResult
from image_classification.CFC_SP.inference.steady_labels import SteadyLabels


def shown(words, shortest_s=0.2, every_s=0.05, track=1, steady=None, begin_s=0.0):
    """The labels that are shown where `words` are the likeliest ones, frame by frame."""
    steady = steady or SteadyLabels(shortest_s)
    labels = []
    for number, word in enumerate(words):
        probabilities = [0.7 if name == word else 0.3 / 7 for name in EXPR]
        face = Face(track, (0, 0, 1, 1), 1.0, word, 0.7, "Negative" if word == "Anger" else word, word, tuple(probabilities))
        (found,) = steady.steadied(FrameResult(number, begin_s + number * every_s, (face,))).faces
        assert found.confidence == probabilities[EXPR.index(found.label)] and found.probabilities == face.probabilities
        assert (found.coarse == "Negative") == (found.label == "Anger")
        labels.append(found.label)
    return labels


def test_a_new_label_is_shown_once_it_has_lasted():
    words = ["Neutral"] * 10 + ["Anger"] * 10
    assert shown(words) == ["Neutral"] * 14 + ["Anger"] * 6
    assert shown(words, shortest_s=0) == words


def test_no_label_is_shown_for_less_than_the_shortest():
    words = np.random.default_rng(0).choice(["Neutral", "Anger", "Surprise"], 2000, p=[0.6, 0.3, 0.1])
    found = shown(list(words), shortest_s=0.1)
    lengths = [len(list(run)) for _, run in groupby(found)]
    assert len(lengths) > 20 and min(lengths[:-1]) >= 2


def test_tracks_are_apart_and_forgotten_after_two_seconds():
    steady = SteadyLabels(0.2)
    assert shown(["Neutral"], steady=steady) == ["Neutral"]
    assert shown(["Anger"], steady=steady, track=2) == ["Anger"]
    assert shown(["Surprise"], steady=steady, begin_s=1.0) == ["Neutral"]
    assert shown(["Surprise"], steady=steady, begin_s=4.0) == ["Surprise"]
