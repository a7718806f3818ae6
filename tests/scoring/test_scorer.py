# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.cascade import Cascade
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.ensemble import stage_logits
from image_classification.CFC_SP.core.labels import EXPR, EXPR_TO_COARSE, EXPR_TO_NEGATIVE, STAGES
from image_classification.CFC_SP.core.reference import mean_around, softmax
from image_classification.CFC_SP.scoring.frames import Frames
from image_classification.CFC_SP.scoring.scorer import Predictions, Scorer
from image_classification.CFC_SP.support.errors import UserError

NETWORKS = {"a": "coarse", "b": "coarse", "c": "coarse", "m": "negative", "n": "negative", "f": "flat"}
SHARES = (0.2, 0.1, 0.08, 0.1, 0.2, 0.12, 0.12, 0.08)
LENGTHS = 40, 1, 25, 60


def spread(frames, table, start, end):
    """A network's logits for the frames start:end, zeros where there is no crop."""
    return np.array([table[i] if i >= 0 else np.zeros(table.shape[1]) for i in frames.picture[start:end]], np.float32)


def videos(frames):
    return zip(frames.bounds[:-1], frames.bounds[1:], strict=True)


@pytest.mark.parametrize("normalizer", ["count", "window"])
@pytest.mark.parametrize("scope", ["routed", "all"])
@pytest.mark.parametrize("window", [0, 1, 7, 1000])
@pytest.mark.parametrize("tau", [0.0, 0.8])
def test_a_cascade_is_that_of_the_layer_video_by_video(random_frames, normalizer, scope, window, tau):
    frames, logits = random_frames(*LENGTHS, networks=NETWORKS)
    found = Scorer(frames, logits, normalizer, scope, SHARES, tau).predict_cascade(["a", "b"], ["m", "n"], window)
    layer = Cascade([Temperature()] * 2, [Temperature()] * 2, normalizer, scope, SHARES)
    compared = 0
    for start, end in videos(frames):
        coarse, negative = (np.stack([spread(frames, logits[name], start, end) for name in names]) for names in ("ab", "mn"))
        valid = frames.picture[start:end] >= 0
        inputs = coarse, negative, valid, np.array([window]), np.array([0]), np.array([tau], np.float32)
        label, _, _, probabilities, _ = layer(*map(paddle.to_tensor, inputs))
        rows, label = np.flatnonzero(valid), label.numpy()
        np.testing.assert_array_equal(found.labels[start + rows], label[rows])
        np.testing.assert_allclose(found.confidences[start + rows], probabilities.numpy()[rows, label[rows]], atol=1e-5)
        compared += len(rows)
    assert compared > 60 and len(set(found.labels)) >= 6


@pytest.mark.parametrize(("stage", "names"), [("coarse", "abc"), ("negative", "mn"), ("flat", "f")])
def test_a_stage_alone_against_a_loop(random_frames, stage, names):
    frames, logits = random_frames(*LENGTHS, networks=NETWORKS)
    found = Scorer(frames, logits).predict(stage, list(names), 9)
    for start, end in videos(frames):
        valid = frames.picture[start:end] >= 0
        for i in np.flatnonzero(valid):
            networks = [spread(frames, logits[name], start, end) for name in names]
            probabilities = np.mean([softmax(own[i] + mean_around(own, i, valid, 9, "count")) for own in networks], axis=0)
            assert found.labels[start + i] == probabilities.argmax()
            np.testing.assert_allclose(found.confidences[start + i], probabilities.max(), atol=1e-5)


@pytest.mark.parametrize("stage", ["coarse", "negative"])
def test_a_flat_network_stands_in_either_stage(random_frames, stage):
    frames, logits = random_frames(*LENGTHS, networks={"f": "flat"})
    found = Scorer(frames, logits).predict(stage, ["f"], 0)
    eight = paddle.to_tensor(logits["f"][frames.picture[frames.picture >= 0]])
    shares = paddle.nn.functional.softmax(stage_logits(eight, "flat", stage), axis=1).numpy()
    np.testing.assert_array_equal(found.labels[frames.picture >= 0], shares.argmax(1))
    np.testing.assert_allclose(found.confidences[frames.picture >= 0], shares.max(1), atol=1e-6)


@pytest.mark.parametrize(("stage", "name"), [("flat", "f"), ("coarse", "a"), ("negative", "m")])
def test_the_prior_is_divided_out_of_a_stage_alone(random_frames, stage, name):
    frames, logits = random_frames(20, networks=NETWORKS, gaps=0)
    found = Scorer(frames, logits, shares=SHARES, tau=0.5).predict(stage, [name], 0)
    shares = dict(zip(EXPR, SHARES, strict=True)) | {"Other": 1, "Negative": 0.4}
    weighed = [[p / shares[of] ** 0.5 for p, of in zip(softmax(row), STAGES[stage], strict=True)] for row in logits[name]]
    np.testing.assert_array_equal(found.labels, np.argmax(weighed, 1))
    np.testing.assert_allclose(found.confidences, [max(row) / sum(row) for row in weighed], rtol=1e-5)


def test_frames_without_a_crop_take_the_nearest_label(random_frames):
    frames, logits = random_frames(12, 3, networks={"f": "flat"}, gaps=0)
    # The second video has no crop at all, the first one none at the start, twice in the middle, and a damaged one.
    frames = Frames(frames.source, np.array([-1, 0, 1, -1, -1, 2, 3, 4, -1, 5, 6, 7, -1, -1, -1]), frames.classes, *_named(frames))
    logits = {"f": logits["f"][:8].copy()}
    logits["f"][3] = np.nan
    found = Scorer(frames, logits).predict("flat", ["f"], 0)
    expected = logits["f"].argmax(1)
    #                        0  1  2  3  4  5  6  7  8  9 10 11, by the picture that speaks
    speaks = np.array([0, 0, 1, 1, 2, 2, 2, 4, 4, 5, 6, 7])
    assert found.labels.tolist() == [*expected[speaks], 0, 0, 0]
    assert found.confidences[12:].tolist() == [0.125] * 3


def _named(frames):
    return frames.videos, frames.bounds


def test_windows_do_not_cross_videos(random_frames):
    frames, logits = random_frames(30, 30, networks=NETWORKS, gaps=0)
    before = Scorer(frames, logits).predict_cascade(["a"], ["m"], 50).confidences[30:]
    changed = {name: np.concatenate([table[:30] * -3, table[30:]]) for name, table in logits.items()}
    after = Scorer(frames, changed).predict_cascade(["a"], ["m"], 50).confidences[30:]
    np.testing.assert_array_equal(before, after)


def test_scores_are_of_annotated_frames_by_counting(random_frames):
    frames, logits = random_frames(*LENGTHS, networks=NETWORKS)
    scorer = Scorer(frames, logits)
    for stage, of in (("coarse", EXPR_TO_COARSE), ("negative", EXPR_TO_NEGATIVE), ("flat", range(8))):
        found = scorer.predict(stage, [next(name for name in NETWORKS if NETWORKS[name] == stage)], 8)
        pairs = [(of[c], p) for c, p in zip(frames.classes, found.labels, strict=True) if c >= 0 and of[c] >= 0]
        scores = scorer.score(found)
        assert scores.confusion.sum() == len(pairs)
        assert scores.accuracy == pytest.approx(np.mean([a == b for a, b in pairs]))
        hits = [2 * pairs.count((c, c)) / max(1, sum(a == c for a, _ in pairs) + sum(b == c for _, b in pairs)) for c in set(of) if c >= 0]
        assert scores.macro_f1 == pytest.approx(np.mean(hits))


def test_what_cannot_be_is_told(random_frames):
    frames, logits = random_frames(9, networks={"f": "flat"})
    stills = Frames(frames.source, frames.picture, frames.classes, (), frames.bounds)
    with pytest.raises(UserError, match="expected window 0 for still pictures, found 8"):
        Scorer(stills, logits).predict("flat", ["f"], 8)
    unknown = Frames(frames.source, frames.picture, np.full(9, -1), *_named(frames))
    with pytest.raises(UserError, match="expected frames with a flat class, found none"):
        Scorer(unknown, logits).score(Predictions("flat", np.zeros(9, int), np.ones(9)))
