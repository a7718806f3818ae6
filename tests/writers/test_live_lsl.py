# SPDX-License-Identifier: Apache-2.0
import sys
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.live_lsl import CHANNELS, FORGOTTEN_S, LslStreams
from tests.faces import face_of


class Tree:
    def __init__(self):
        self.labels = []

    def append_child(self, name):
        return self

    def append_child_value(self, name, value):
        self.labels.append(value)


@pytest.fixture
def sent(monkeypatch):
    """What reaches the layer: (stream, time, values) for each sample; the clock stands at 100."""
    samples = []

    def info(name, kind, channels, rate, form, source):
        assert (kind, rate, form) == ("Expression", 0.0, "float32")
        tree = Tree()
        return SimpleNamespace(name=name, desc=lambda: tree, channels=channels)

    def outlet(info):
        assert len(info.desc().labels) == info.channels
        return SimpleNamespace(push_sample=lambda values, time: samples.append((info.name, time, values)))

    layer = SimpleNamespace(StreamInfo=info, StreamOutlet=outlet, local_clock=lambda: 100.0, IRREGULAR_RATE=0.0, cf_float32="float32")
    monkeypatch.setitem(sys.modules, "pylsl", layer)
    return samples


def test_each_face_has_a_stream_of_its_own_in_media_time(sent):
    with LslStreams() as streams:
        streams.write("a", FrameResult(0, 5.0, (face_of("Anger", 1), face_of("Happiness", 2))))
        streams.write("a", FrameResult(1, 5.5))
        streams.write("a", FrameResult(2, 6.0, (face_of("Anger", 2, share=0.3),)))
        streams.write("b", FrameResult(0, 0.0, (face_of("Fear", 1),)))
    assert [(name, time) for name, time, _ in sent] == [("a face 1", 100), ("a face 2", 100), ("a face 2", 101), ("b face 1", 100)]
    first = dict(zip(CHANNELS, sent[0][2], strict=True))
    assert (first["p_anger"], first["p_fear"], first["x1"], first["y2"]) == (0.65, 0.05, 10, 40) and len(CHANNELS) == 13


def test_a_face_that_is_gone_for_long_has_no_stream(sent):
    with LslStreams() as streams:
        streams.write("a", FrameResult(0, 0.0, (face_of(track=1),)))
        streams.write("a", FrameResult(1, FORGOTTEN_S, (face_of(track=2),)))
        assert sorted(streams._outlets) == [1, 2]
        streams.write("a", FrameResult(2, FORGOTTEN_S + 1, (face_of(track=2),)))
        assert sorted(streams._outlets) == [2]


def test_what_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(UserError, match=r"pip install 'cfc-sp\[lsl\]'"):
        LslStreams()


@pytest.mark.slow
def test_a_real_inlet_receives_the_samples():
    pylsl = pytest.importorskip("pylsl", reason="pylsl is not installed", exc_type=(ImportError, RuntimeError))
    with LslStreams() as streams:
        streams.write("live", FrameResult(0, 0.0, (face_of("Anger"),)))
        (info,) = pylsl.resolve_byprop("name", "live face 1", timeout=60)
        inlet = pylsl.StreamInlet(info)
        inlet.open_stream(timeout=60)
        streams.write("live", FrameResult(1, 0.1, (face_of("Fear"),)))
        values, _ = inlet.pull_sample(timeout=60)
        labels, child = [], inlet.info().desc().child("channels").child("channel")
        for _ in CHANNELS:
            labels.append(child.child_value("label"))
            child = child.next_sibling()
    assert labels == list(CHANNELS) and values[CHANNELS.index("p_fear")] == pytest.approx(0.65)
