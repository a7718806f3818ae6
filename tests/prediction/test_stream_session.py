# SPDX-License-Identifier: Apache-2.0
"""Frames fed one by one, against plain loops."""

import numpy as np
import pytest

from image_classification.CFC_SP.core.cascade_arrays import label_of
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.reference import decide_by_loop
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from tests import clips
from tests.bundles import defaults_of, settings_of

FRAMES, WINDOW_S = 12, 0.2


@pytest.fixture(scope="module")
def frames():
    """The first FRAMES frames of the talking man as (time_s, image)."""
    with open_video(clips.real_clip("carphone_pristine.mp4")) as video:
        return [(frame.time_s, frame.image) for frame, _ in zip(video, range(FRAMES), strict=False)]


def test_feed_smooths_over_the_past_alone(frames, recognizer):
    kept = []
    with recognizer.stream(WINDOW_S) as stream:
        for time_s, image in frames:
            result = stream.feed(time_s, image)
            kept.append((time_s, stream._recognition._held[-1]))
            (face,) = result.faces
            assert (result.frame, result.time_s, face.track) == (len(kept) - 1, time_s, 1)
            # All that was seen within the window, itself at the end: the mean is that of its frames.
            inside = [item for seen_s, item in kept if seen_s >= time_s - WINDOW_S]
            coarse, negative = (np.stack([getattr(item, name)[..., 0, :] for item in inside], axis=-2) for name in ("coarse", "negative"))
            _, _, probabilities = decide_by_loop(
                coarse,
                negative,
                np.ones(len(inside), bool),
                2 * len(inside),
                *settings_of(recognizer.model.bundle.manifest),
                **defaults_of(recognizer.model.bundle.manifest),
            )
            # The man is calm all the while: there is no other label to wait for.
            assert face.label == EXPR[label_of(probabilities[-1])]
            np.testing.assert_allclose(face.probabilities, probabilities[-1], atol=1e-4)
    assert 5 <= len(inside) < FRAMES


def test_with_a_lag_a_frame_is_smoothed_over_what_follows(frames, recognizer):
    lag_s = 0.1
    came, seen = [], []

    def camera():
        for time_s, image in frames:
            came.append(time_s)
            yield time_s, image

    with recognizer.stream(WINDOW_S, lag_s=lag_s) as stream:
        for result in stream.follow(camera()):
            seen.append((result, len(came)))
        with pytest.raises(UserError, match="call follow"):
            stream.feed(99.0, frames[0][1])
    with recognizer.stream(0) as stream:
        raw = [stream.feed(*frame) for frame in frames]
    times = [time_s for time_s, _ in frames]
    assert [result.frame for result, _ in seen] == list(range(FRAMES))
    for result, count in seen:
        due = [number for number, time_s in enumerate(times, 1) if time_s >= result.time_s + lag_s]
        assert count == (due[0] if due else FRAMES)
        rows = [np.log(np.maximum(item.faces[0].probabilities, 0.01)) for item in raw[:count] if item.time_s >= result.time_s - WINDOW_S]
        # Calibration raises them to a power that keeps their order.
        assert label_of(np.exp(np.mean(rows, axis=0))) == label_of(np.array(result.faces[0].probabilities))
    with pytest.raises(UserError, match="a lag of 0 to 1 s"):
        recognizer.stream(lag_s=2.0)


@pytest.mark.parametrize(("lag_s", "window_s"), [(0.0, 0.8), (0.3, 0.5), (0.4, 0.4), (0.8, 0.4), (1.0, 0.4)])
def test_a_lag_takes_at_most_half_of_the_window_and_never_smoothing_itself(recognizer, lag_s, window_s):
    with recognizer.stream(smoothing="decoder", lag_s=lag_s) as stream:
        assert stream.window_s == pytest.approx(window_s)


def test_streams_take_turns(frames, recognizer):
    with recognizer.stream() as alone:
        expected = [alone.feed(*frame) for frame in frames[:4]]
    with recognizer.stream() as one, recognizer.stream() as other:
        answers = [(one.feed(*frame), other.feed(*frame)) for frame in frames[:4]]
    assert answers == [(result, result) for result in expected]


def test_window_0_gives_raw_labels(frames, recognizer):
    with recognizer.stream(0) as stream:
        results = [stream.feed(*frame) for frame in frames[:4]]
    assert all(face.label == face.raw_label for result in results for face in result.faces)
    with pytest.raises(UserError, match="window of 0 s or more"):
        recognizer.stream(-1)


def test_what_is_no_next_frame_is_told(frames, recognizer):
    image = frames[0][1]
    with recognizer.stream() as stream:
        stream.feed(1.0, image)
        for time_s, bad, told in [
            (1.0, image, "increase"),
            (float("nan"), image, "increase"),
            (2.0, image[::2], "one size"),
            (2.0, image.astype(np.float32), "float32"),
            (2.0, image[:, :, 0], r"\[144, 193\]"),
            (2.0, [[0]], "list"),
        ]:
            with pytest.raises(UserError, match=told):
                stream.feed(time_s, bad)
        assert stream.feed(2.0, image).frame == 1
