# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.cascade import Cascade, decide, parted, weighed
from image_classification.CFC_SP.core.cascade_settings import Temperature
from image_classification.CFC_SP.core.kinds import KINDS, kind_number
from image_classification.CFC_SP.core.labels import COARSE, EXPR, NEGATIVE
from image_classification.CFC_SP.core.reference import cascade_reference, decide_by_loop, softmax
from image_classification.CFC_SP.support.errors import UserError
from tests.static_program import StaticProgram

TEMPERATURES = [Temperature(1.0, 2.0), Temperature(2.5, 3.5)], [Temperature(0.7, 1.4), Temperature(), Temperature(1.6, 1.2)]
INPUTS = {
    "coarse_logits": ([2, -1, 5], "float32"),
    "negative_logits": ([3, -1, 4], "float32"),
    "valid": ([-1], "bool"),
    "window": ([1], "int64"),
}
SHARES = [0.3, 0.1, 0.06, 0.08, 0.2, 0.12, 0.1, 0.04]
CALIBRATION = {"probabilities": (0.7, 1.3), "decoder": (0.6, 0.8)}
ONE = [Temperature()]
SETTINGS = pytest.mark.parametrize("settings", [(n, s) for n in ("count", "window") for s in ("routed", "all")], ids="-".join)


def reference(coarse_logits, negative_logits, valid, window, normalizer, scope):
    """The cascade frame by frame: (labels, coarse, probabilities [T, 8])."""
    return decide_by_loop(coarse_logits, negative_logits, valid, window, *TEMPERATURES, normalizer, scope)


def clip(frames, gaps=0.25, seed=0):
    """Logits of two coarse networks and three negative ones, with Negative the class of about half the frames."""
    rng = np.random.default_rng([seed, frames])
    coarse = rng.normal(0, 2, (2, frames, 5)).astype(np.float32)
    coarse[:, :, 4] += 2
    return coarse, rng.normal(0, 2, (3, frames, 4)).astype(np.float32), rng.random(frames) >= gaps


def run_eager(settings, coarse, negative, valid, window):
    arrays = coarse, negative, valid, np.array([window])
    return [output.numpy() for output in Cascade(*TEMPERATURES, *settings)(*map(paddle.to_tensor, arrays))]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Exported cascades by (settings, onednn), each made once."""
    made = {}

    def program(settings, onednn):
        if (settings, onednn) not in made:
            path = tmp_path_factory.mktemp("cascade") / "sequence"
            made[settings, onednn] = StaticProgram(Cascade(*TEMPERATURES, *settings), INPUTS, path, onednn)
        return made[settings, onednn]

    return program


@pytest.fixture(params=["eager", "static", "static with oneDNN"])
def run(request, programs):
    """Calls the cascade of some settings in every way there is to run it."""
    if request.param == "eager":
        return run_eager
    onednn = request.param == "static with oneDNN"
    return lambda settings, *arrays_and_window: programs(settings, onednn)(*map(np.atleast_1d, arrays_and_window))


@SETTINGS
@pytest.mark.parametrize("frames", [1, 2, 37])
@pytest.mark.parametrize("window", [0, 1, 2, 7, 36, 1000])
def test_equals_the_loop(run, settings, frames, window):
    coarse_logits, negative_logits, valid = clip(frames)
    label, coarse, raw_label, probabilities, raw_probabilities = run(settings, coarse_logits, negative_logits, valid, window)
    expected_label, expected_coarse, expected = reference(coarse_logits, negative_logits, valid, window, *settings)
    np.testing.assert_array_equal(label, expected_label)
    np.testing.assert_array_equal(coarse, expected_coarse)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    expected_label, _, expected = reference(coarse_logits, negative_logits, valid, 0, *settings)
    np.testing.assert_array_equal(raw_label, expected_label)
    np.testing.assert_allclose(raw_probabilities, expected, atol=1e-5)
    assert [output.dtype for output in (label, coarse, raw_label)] == [np.int64] * 3
    assert probabilities.dtype == raw_probabilities.dtype == np.float32


def test_settings_tell_on_the_clips_above():
    """Guards the test above: its clips are such that every setting and the window change some row."""
    settings = [("count", "routed"), ("window", "routed"), ("count", "all")]
    answers = [reference(*clip(37), 7, *each)[2] for each in settings]
    for i in range(3):
        assert np.abs(answers[i] - answers[i - 1]).max() > 0.01
    labels = [reference(*clip(37), window, "count", "routed")[0] for window in (0, 7)]
    assert (labels[0] != labels[1]).any()
    assert len(set(labels[1])) >= 6


@pytest.fixture(scope="module", params=["eager", "static", "static with oneDNN"])
def run_kind(request, tmp_path_factory):
    """Calls a cascade that knows the classes' shares, with a kind's name and a power of the prior, in every way there is to run it."""
    layer = Cascade(*TEMPERATURES, "count", "routed", SHARES, CALIBRATION)
    program = layer
    if request.param != "eager":
        inputs = INPUTS | {"kind": ([1], "int64"), "tau": ([1], "float32")}
        program = StaticProgram(layer, inputs, tmp_path_factory.mktemp("kinds") / "sequence", request.param == "static with oneDNN")

    def run(coarse, negative, valid, window, kind, tau):
        arrays = coarse, negative, valid, np.array([window]), np.array([kind_number(kind)]), np.array([tau], np.float32)
        if program is layer:
            return [output.numpy() for output in layer(*map(paddle.to_tensor, arrays))]
        return program(*arrays)

    return run


@pytest.mark.parametrize("tau", [0.0, 0.8])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frames", [1, 2, 120])
def test_every_kind_and_prior_equals_the_loop(run_kind, frames, kind, tau):
    arrays = clip(frames)
    for window in (0, 1, 7, 36, 1000):
        expected = cascade_reference(*arrays, window, *TEMPERATURES, "count", "routed", SHARES, CALIBRATION, kind=kind, tau=tau)
        for found, of_loop in zip(run_kind(*arrays, window, kind, tau), expected, strict=True):
            np.testing.assert_allclose(found, of_loop, atol=1e-5)


def test_kinds_and_priors_tell_on_the_clips_above():
    """Guards the test above: every kind and the prior change some label."""
    settings = *TEMPERATURES, "count", "routed", SHARES, CALIBRATION
    told = [(kind, tau) for kind in KINDS for tau in (0.0, 0.8)]
    labels = [cascade_reference(*clip(120), 7, *settings, kind=kind, tau=tau)[0].tolist() for kind, tau in told]
    assert len({tuple(each) for each in labels}) == len(told)


def test_the_prior_divides_the_eight_probabilities(run_kind):
    """Other is left alone, and the powers of 0 and 1 are the probabilities and their ratio to the shares."""
    arrays = *clip(50, gaps=0), 0, "logits"
    plain, divided = (run_kind(*arrays, tau)[3] for tau in (0.0, 1.0))
    expected = plain / [*SHARES[:-1], 1.0]
    np.testing.assert_allclose(divided, expected / expected.sum(1, keepdims=True), atol=1e-5)


def test_a_mean_of_probabilities_needs_no_routing(run_kind):
    """Frames that are surely Negative decide on the kind of it, those that are surely happy have nothing to say."""
    coarse = coarse_of(["Happiness", "Negative", "Negative", "Negative", "Happiness"])
    negative = negative_of(["Anger", "Fear", "Fear", "Fear", "Anger"], [9, 3, 3, 3, 9])
    for kind in ("probabilities", "decoder"):
        label = run_kind(coarse, negative, np.ones(5, bool), 5, kind, 0.0)[0]
        assert EXPR[label[2]] == "Fear"


def test_one_frame_does_not_outvote_the_others(run_kind):
    """In a mean of logits one frame that is very sure does, in the others it does not."""
    coarse = np.concatenate([coarse_of(["Neutral"] * 9) / 4, 20 * coarse_of(["Surprise"]), coarse_of(["Neutral"] * 9) / 4], axis=1)
    arrays = coarse, np.zeros((3, 19, 4), np.float32), np.ones(19, bool), 9
    labels = {kind: {EXPR[label] for label in run_kind(*arrays, kind, 0.0)[0]} for kind in KINDS}
    assert labels == {"logits": {"Neutral", "Surprise"}, "probabilities": {"Neutral"}, "decoder": {"Neutral"}}


@SETTINGS
def test_probabilities_sum_to_one_and_gaps_do_not_leak(run, settings):
    coarse, negative, valid = clip(60, gaps=0.5)
    expected = run(settings, coarse, negative, valid, 6)
    np.testing.assert_allclose(expected[3].sum(axis=1), 1, atol=1e-6)
    coarse[:, ~valid], negative[:, ~valid] = np.nan, np.inf
    for output, before in zip(run(settings, coarse, negative, valid, 6), expected, strict=True):
        np.testing.assert_array_equal(output, before)


def test_no_valid_frame(run):
    label, coarse, raw_label, probabilities, _ = run(("count", "routed"), *clip(3, gaps=1.1), 8)
    assert label.tolist() == coarse.tolist() == raw_label.tolist() == [0, 0, 0]
    np.testing.assert_allclose(probabilities, np.tile([0.2, *[0.05] * 3, 0.2, 0.05, 0.2, 0.2], (3, 1)), atol=1e-6)


@SETTINGS
def test_window_0_gives_what_is_called_raw(run, settings):
    label, _, raw_label, probabilities, raw_probabilities = run(settings, *clip(500), 0)
    np.testing.assert_array_equal(label, raw_label)
    np.testing.assert_array_equal(probabilities, raw_probabilities)


def strong(names, classes, strength=9.0):
    """Logits [len(names), len(classes)] that are 0 but for the named class."""
    return np.array([[strength * (name == other) for other in classes] for name in names], np.float32)


def coarse_of(names):
    return np.repeat(strong(names, COARSE)[None], 2, axis=0)


def negative_of(names, strengths):
    return np.repeat((strong(names, NEGATIVE) * np.array(strengths, np.float32)[:, None])[None], 3, axis=0)


def test_scope_says_whose_negative_logits_count(run):
    coarse = coarse_of(["Happiness", "Negative", "Happiness"])
    negative = negative_of(["Anger", "Fear", "Anger"], [3, 1, 3])
    valid = np.ones(3, bool)
    happiness, anger, fear = map(EXPR.index, ("Happiness", "Anger", "Fear"))
    # The stronger Anger of the neighbours, who are not Negative themselves, counts only under "all".
    assert run(("count", "routed"), coarse, negative, valid, 2)[0].tolist() == [happiness, fear, happiness]
    assert run(("count", "all"), coarse, negative, valid, 2)[0].tolist() == [happiness, anger, happiness]


def test_frames_without_a_face_are_not_routed(run):
    coarse = coarse_of(["Negative"] * 3)
    negative = negative_of(["Anger", "Fear", "Anger"], [3, 1, 3])
    label = run(("count", "routed"), coarse, negative, np.array([False, True, False]), 2)[0]
    assert [EXPR[index] for index in label] == ["Fear"] * 3


def test_label_of_other_frames_does_not_depend_on_the_negative_logits(run):
    coarse, negative, valid = clip(200)
    before = run(("count", "routed"), coarse, negative, valid, 8)
    raw_coarse = run(("count", "routed"), coarse, negative, valid, 0)[1]
    plain = (before[1] != COARSE.index("Negative")) & (raw_coarse != COARSE.index("Negative"))
    assert 10 < plain.sum() < 190
    negative[:, plain] = 0
    after = run(("count", "routed"), coarse, negative, valid, 8)
    for position in (0, 1, 2):
        np.testing.assert_array_equal(after[position], before[position])


def test_first_of_equals_wins(run):
    pairs = [(a, b) for a in range(5) for b in range(a + 1, 5)]
    coarse, negative = np.zeros((2, len(pairs), 5), np.float32), np.zeros((3, len(pairs), 4), np.float32)
    for row, pair in enumerate(pairs):
        coarse[:, row, list(pair)] = 1.3
    result = run(("count", "routed"), coarse, negative, np.ones(len(pairs), bool), 1)
    assert result[1].tolist() == [a for a, _ in pairs]

    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    negative = np.zeros((3, len(pairs), 4), np.float32)
    for row, pair in enumerate(pairs):
        negative[:, row, list(pair)] = 0.7
    coarse = coarse_of(["Negative"] * len(pairs))
    label, _, raw_label, *_ = run(("count", "routed"), coarse, negative, np.ones(len(pairs), bool), 1)
    assert [EXPR[index] for index in label] == [EXPR[index] for index in raw_label] == [NEGATIVE[a] for a, _ in pairs]


def test_networks_vote_with_their_probabilities():
    """Two networks outvote one, however sure: the sum of the logits would say Neutral."""
    coarse = np.array([[[30, 0, 0, 0, 0]], [[0, 5, 0, 0, 0]], [[0, 5, 0, 0, 0]]], np.float32)
    arrays = coarse, np.zeros((1, 1, 4), np.float32), np.ones(1, bool), np.array([0])
    _, winner, _, probabilities, _ = Cascade([Temperature()] * 3, [Temperature()], "count", "routed")(*map(paddle.to_tensor, arrays))
    assert [COARSE[index] for index in winner] == ["Happiness"]
    expected = sum(softmax(network[0]) for network in coarse) / 3
    np.testing.assert_allclose(probabilities.numpy()[0, [0, 4, 6, 7]], expected[:4], atol=1e-6)


def test_negative_networks_vote_too(run):
    """Two of the three say Fear; the sum of the logits would say Anger."""
    negative = np.array([[[30, 0, 0, 0]], [[0, 0, 4, 0]], [[0, 0, 4, 0]]], np.float32)
    label = run(("count", "routed"), coarse_of(["Negative"]), negative, np.ones(1, bool), 0)[0]
    assert [EXPR[index] for index in label] == ["Fear"]


def test_label_can_differ_from_the_largest_of_the_eight():
    coarse = paddle.to_tensor([[0.1, 0.35, 0.1, 0.05, 0.4]])
    negative = paddle.to_tensor([[0.3, 0.3, 0.15, 0.25]])
    label, _ = decide(coarse, negative)
    eight = weighed(coarse, negative, paddle.ones([1]))
    assert EXPR[label.item()] == "Anger"
    # The plain classes, then the negative ones: Happiness is the largest of the eight.
    np.testing.assert_allclose(eight.numpy(), [[0.1, 0.35, 0.1, 0.05, 0.12, 0.12, 0.06, 0.1]], atol=1e-7)
    for part, expected in zip(parted(eight), (coarse, [[0.12, 0.12, 0.06, 0.1]]), strict=True):
        np.testing.assert_allclose(part.numpy(), expected, atol=1e-7)


def test_truth_table_of_the_decision():
    for coarse_name in COARSE:
        for fine_name in NEGATIVE:
            coarse = paddle.to_tensor(strong([coarse_name], COARSE, 1.0))
            label, index = decide(coarse, paddle.to_tensor(strong([fine_name], NEGATIVE, 1.0)))
            assert EXPR[label.item()] == (fine_name if coarse_name == "Negative" else coarse_name)
            assert COARSE[index.item()] == coarse_name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((ONE, ONE, "mean", "routed"), "count, window, found 'mean'"),
        ((ONE, ONE, "count", "some"), "routed, all, found 'some'"),
        (([], ONE, "count", "all"), "temperature"),
        ((ONE, [], "count", "all"), "temperature"),
        (([*ONE, Temperature(0.0)], ONE, "count", "all"), "own=0.0"),
        ((ONE, [Temperature(1.0, -2.0)], "count", "all"), "smoothed=-2.0"),
        (([Temperature(float("nan"))], ONE, "count", "all"), "nan"),
        ((ONE, ONE, "count", "all", [0.5] * 7), "shares of 8 classes"),
        ((ONE, ONE, "count", "all", [0.5] * 7 + [0.0]), "above 0"),
        ((ONE, ONE, "count", "all", None, {"decoder": (0.5, -1.0)}), "above 0"),
        ((ONE, ONE, "count", "all", None, {"viterbi": (1.0, 1.0)}), "logits, probabilities, decoder, found 'viterbi'"),
    ],
)
def test_wrong_settings_are_named(arguments, words):
    with pytest.raises(UserError, match=words):
        Cascade(*arguments)
