# SPDX-License-Identifier: Apache-2.0
import functools
import time

import numpy as np
import paddle
import pytest

from image_classification.CFC_SP.core.reference import mean_around
from image_classification.CFC_SP.core.smoothing import smooth
from image_classification.CFC_SP.core.smoothing_program import SmoothPredicting
from image_classification.CFC_SP.support.errors import UserError


def smooth_array(logits, valid, window, normalizer):
    return smooth(logits, valid, window, normalizer)


def smooth_tensor(logits, valid, window, normalizer):
    return smooth(paddle.to_tensor(logits), paddle.to_tensor(valid), window, normalizer).numpy()


def eager_layer(logits, valid, window, normalizer):
    layer = SmoothPredicting(normalizer)
    return layer(paddle.to_tensor(logits), paddle.to_tensor(valid), paddle.to_tensor([window])).numpy()


@functools.cache
def traced(normalizer):
    """One static program a normalizer, for every length and window."""
    shapes = {"logits": ([-1, 3], "float32"), "valid": ([-1], "bool"), "window": ([1], "int64")}
    spec = [paddle.static.InputSpec(shape, dtype, name) for name, (shape, dtype) in shapes.items()]
    return paddle.jit.to_static(SmoothPredicting(normalizer), input_spec=spec, full_graph=True)


def static_layer(logits, valid, window, normalizer):
    # With oneDNN on, Paddle crashes in traced layers called from Python, nn.Linear too; exported programs are tested with it.
    flag = paddle.get_flags("FLAGS_use_mkldnn")
    paddle.set_flags({"FLAGS_use_mkldnn": False})
    try:
        return traced(normalizer)(paddle.to_tensor(logits), paddle.to_tensor(valid), paddle.to_tensor([window])).numpy()
    finally:
        paddle.set_flags(flag)


WAYS = pytest.mark.parametrize("way", [smooth_array, smooth_tensor, eager_layer, static_layer], ids=lambda way: way.__name__)
NORMALIZERS = pytest.mark.parametrize("normalizer", ["count", "window"])


def reference(logits, valid, window, normalizer):
    """Eq. 1 frame by frame."""
    out = np.zeros(logits.shape)
    for i in range(len(logits)):
        near = [logits[j].astype(float) for j in range(len(logits)) if abs(j - i) <= window // 2 and valid[j]]
        own = logits[i] if valid[i] else 0
        mean = sum(near) / (len(near) if normalizer == "count" else window) if near and window else 0
        out[i] = own + mean
    return out


def clip(frames, gaps=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, (frames, 3)).astype(np.float32), rng.random(frames) >= gaps


@WAYS
@NORMALIZERS
@pytest.mark.parametrize("gaps", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("frames", [1, 2, 23])
@pytest.mark.parametrize("window", [0, 1, 2, 3, 6, 7, 22, 23, 24, 1000, 10**12])
def test_equals_the_loop(way, normalizer, gaps, frames, window):
    logits, valid = clip(frames, gaps)
    result = way(logits, valid, window, normalizer)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, reference(logits, valid, window, normalizer), atol=2e-6, rtol=2e-6)


@NORMALIZERS
@pytest.mark.parametrize("window", [0, 1, 6, 1000])
def test_the_mean_over_some_of_the_valid_frames(normalizer, window):
    """What the cascade asks of the negative logits: own logits of every valid frame, the mean over the routed ones."""
    logits, valid = clip(37, 0.3)
    among = valid & (np.random.default_rng(5).random(37) < 0.5)
    own = np.where(valid[:, None], logits, 0)
    expected = own + [mean_around(logits, i, among, window, normalizer) * np.ones(3) for i in range(37)]
    np.testing.assert_allclose(smooth(logits, valid, window, normalizer, among), expected, atol=2e-6)
    tensors = map(paddle.to_tensor, (logits, valid))
    np.testing.assert_allclose(smooth(*tensors, window, normalizer, paddle.to_tensor(among)).numpy(), expected, atol=2e-6)


@WAYS
def test_by_hand(way):
    logits = np.repeat(np.array([[1.0], [2.0], [3.0], [10.0]], np.float32), 3, axis=1)
    valid = np.array([True, True, False, True])
    assert way(logits, valid, 2, "count")[:, 0].tolist() == [1 + 1.5, 2 + 1.5, 0 + 6, 10 + 10]
    assert way(logits, valid, 2, "window")[:, 0].tolist() == [1 + 1.5, 2 + 1.5, 0 + 6, 10 + 5]


@WAYS
@NORMALIZERS
def test_window_0_changes_no_valid_frame(way, normalizer):
    logits, valid = clip(50, 0.3)
    result = way(logits, valid, 0, normalizer)
    np.testing.assert_array_equal(result[valid], logits[valid])
    np.testing.assert_array_equal(result[~valid], 0)


@WAYS
def test_constant_logits_are_doubled(way):
    logits = np.tile(np.array([[0.1, -7.3, 1e-3]], np.float32), (400, 1))
    for window in (1, 2, 5, 64, 9999):
        np.testing.assert_array_equal(way(logits, np.ones(400, bool), window, "count"), 2 * logits)


@WAYS
def test_frames_that_are_not_valid_do_not_leak(way):
    logits, valid = clip(40, 0.5)
    spoilt = logits.copy()
    spoilt[~valid] = np.resize([np.nan, np.inf, -np.inf, 1e30], (np.sum(~valid), 1))
    np.testing.assert_array_equal(way(spoilt, valid, 9, "count"), way(logits, valid, 9, "count"))


@WAYS
def test_tracks_are_smoothed_apart(way):
    """Faces of two tracks, one of them with a gap, as they come from a clip: frame, track and logits row by row."""
    rng = np.random.default_rng(3)
    rows = [(frame, track) for frame in range(30) for track in (4, 9) if track == 9 or not 10 <= frame < 17]
    logits = rng.normal(size=(len(rows), 3)).astype(np.float32)
    result, expected = np.zeros_like(logits), np.zeros(logits.shape)
    for track in (4, 9):
        mine = [row for row, (_, owner) in enumerate(rows) if owner == track]
        frames = [rows[row][0] for row in mine]
        dense, valid = np.zeros((30, 3), np.float32), np.zeros(30, bool)
        dense[frames], valid[frames] = logits[mine], True
        result[mine] = way(dense, valid, 8, "count")[frames]
    for row, (frame, track) in enumerate(rows):
        near = [logits[other] for other, (at, owner) in enumerate(rows) if owner == track and abs(at - frame) <= 4]
        expected[row] = logits[row] + np.mean(near, axis=0)
    np.testing.assert_allclose(result, expected, atol=1e-6)


@WAYS
def test_long_clips_keep_their_precision(way):
    """Sums over 300,000 frames far from zero: a running sum in float32 would be off by more than the logits' own spread."""
    logits, valid = clip(300_000, 0.1)
    logits += 50
    kernel = np.ones(65)
    counts = np.convolve(valid, kernel, "same")
    near = [np.convolve(np.where(valid, column, 0).astype(float), kernel, "same") / counts for column in logits.T]
    expected = np.where(valid[:, None], logits, 0) + np.stack(near, axis=1)
    np.testing.assert_allclose(way(logits, valid, 64, "count"), expected, rtol=1e-6)


@pytest.mark.parametrize("way", [smooth_array, smooth_tensor])
def test_cost_does_not_depend_on_the_window(way):
    logits, valid = clip(200_000)
    seconds = {8: [], 100_000: []}
    for _ in range(5):
        for window, times in seconds.items():
            start = time.process_time()
            way(logits, valid, window, "count")
            times.append(time.process_time() - start)
    # A sum over each window would cost 12,500 times as much: no load on the machine makes that of one.
    assert min(seconds[100_000]) < 100 * min(seconds[8])


def test_same_kind_and_dtype_come_back():
    logits, valid = clip(5)
    assert isinstance(smooth(logits, valid, 2), np.ndarray)
    assert isinstance(smooth(paddle.to_tensor(logits), valid, 2), paddle.Tensor)
    assert smooth(logits.astype(np.float64), valid, 2).dtype == np.float64
    assert smooth(paddle.to_tensor(logits.astype(np.float64)), valid, 2).dtype == paddle.float64
    assert smooth(logits[:0], valid[:0], 2).shape == (0, 3)


def test_input_is_left_alone():
    logits, valid = clip(20, 0.5)
    before = logits.copy()
    smooth(logits, valid, 4)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("kind", [np.asarray, paddle.to_tensor])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"normalizer": "mean"}, "count, window, found 'mean'"),
        ({"window": -1}, "found -1"),
        ({"window": 2.5}, "found 2.5"),
        ({"logits": np.zeros(5, np.float32)}, r"found \[5\]"),
        ({"valid": np.ones(4, bool)}, r"found \[5, 3\] and \[4\]"),
        ({"valid": np.ones((5, 3), bool)}, r"\[5, 3\] and \[5, 3\]"),
        ({"logits": np.zeros((5, 3), np.int64)}, "int64"),
        ({"logits": np.full((5, 3), np.nan, np.float32)}, "NaN"),
    ],
)
def test_wrong_input_is_named(kind, change, words):
    arguments = {"logits": np.zeros((5, 3), np.float32), "valid": np.ones(5, bool), "window": 2, **change}
    arguments["logits"], arguments["valid"] = kind(arguments["logits"]), kind(arguments["valid"])
    with pytest.raises(UserError, match=words):
        smooth(**arguments)
