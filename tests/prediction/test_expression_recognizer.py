"""ExpressionRecognizer: frames fed one by one, against predict_video and against plain loops."""

import threading

import av
import numpy as np
import pytest

from image_classification.CFC_SP import ExpressionRecognizer, predict_video
from image_classification.CFC_SP.core.labels import COARSE, EXPR
from image_classification.CFC_SP.core.reference import decide_by_loop
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from tests import clips
from tests.bundles import temperatures_of

FRAMES, WINDOW = 12, 6


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The first FRAMES frames of the talking man, and those frames as (time_s, image)."""
    path = tmp_path_factory.mktemp("live") / "man.mkv"
    with av.open(str(clips.real_clip("carphone_pristine.mp4"))) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet, _ in zip(source.demux(video=0), range(FRAMES), strict=False):
            packet.stream = stream
            target.mux(packet)
    with open_video(path) as video:
        return path, video.source.fps, [(frame.time_s, frame.image) for frame in video]


@pytest.fixture(scope="module")
def recognizer():
    return ExpressionRecognizer(device="cpu", window=WINDOW)


def test_results_of_a_recording_are_those_of_predict_video(clip, recognizer):
    path, fps, frames = clip
    expected = predict_video(path, device="cpu", window=WINDOW).rows
    assert list(recognizer.results(iter(frames), fps)) == expected
    assert sum(bool(row.faces) for row in expected) > FRAMES // 2


def test_feed_smooths_over_the_past_alone(clip, recognizer, monkeypatch):
    _, _, frames = clip
    recognizer.reset()
    kept = []
    for time_s, image in frames:
        result = recognizer.feed(time_s, image)
        kept.append((time_s, recognizer._live._held[-1]))
        (face,) = result.faces
        assert (result.frame, result.time_s, face.track) == (len(kept) - 1, time_s, 1)
        # All that was seen within the window, itself at the end: the mean over it is added to each of its frames.
        inside = [item for seen_s, item in kept if seen_s >= time_s - WINDOW / 30]
        coarse, negative = (np.stack([getattr(item, name)[..., 0, :] for item in inside], axis=-2) for name in ("coarse", "negative"))
        temperatures = temperatures_of(recognizer._recognizer.bundle.manifest)
        labels, coarse_labels, probabilities = decide_by_loop(
            coarse, negative, np.ones(len(inside), bool), 2 * len(inside), *temperatures, "count", "routed"
        )
        assert (face.label, face.coarse) == (EXPR[labels[-1]], COARSE[coarse_labels[-1]])
        np.testing.assert_allclose(face.probabilities, probabilities[-1], atol=1e-4)
    assert 5 <= len(inside) < FRAMES


def test_a_frame_is_answered_before_the_next_is_there_and_again_after_a_reset(clip, recognizer):
    _, _, frames = clip
    recognizer.reset()
    first = [recognizer.feed(*frame) for frame in frames[:3]]
    recognizer.reset()
    assert [recognizer.feed(*frame) for frame in frames[:3]] == first
    recognizer.reset()
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_what_is_no_next_frame_is_told(clip, recognizer):
    _, _, frames = clip
    recognizer.reset()
    image = frames[0][1]
    recognizer.feed(1.0, image)
    for time_s, bad, told in [
        (1.0, image, "increase"),
        (float("nan"), image, "increase"),
        (2.0, image[::2], "one size"),
        (2.0, image.astype(np.float32), "float32"),
        (2.0, image[:, :, 0], r"\[144, 176\]"),
        (2.0, [[0]], "list"),
    ]:
        with pytest.raises(UserError, match=told):
            recognizer.feed(time_s, bad)
    assert recognizer.feed(2.0, image).frame == 1
    recognizer.reset()
