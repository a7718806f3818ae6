# SPDX-License-Identifier: Apache-2.0
"""Numbers of samples, as files announce them."""

import struct

import av
import numpy as np
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.video.sample_counts import announced_samples
from tests import clips


@pytest.mark.parametrize("fragmented", [False, True])
def test_samples_that_no_memory_holds_are_refused_before_they_are_counted(tmp_path, fragmented):
    path = tmp_path / "a.mp4"
    options = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for picture in clips.pictures(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    with open(path, "rb") as file:
        assert announced_samples(file) == 5 and file.tell() == 0
    data = bytearray(path.read_bytes())
    place = data.index(b"trun") + 8 if fragmented else data.index(b"stsz") + 12
    data[place : place + 4] = struct.pack(">I", 80_000_000)
    path.write_bytes(data)
    with pytest.raises(UserError, match="announces 80000000"):
        open_video(path)


def test_hours_of_pcm_are_no_frames(tmp_path):
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        track = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), "s16", "mono")
        frame.sample_rate = 48000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    with open(path, "rb") as file:
        assert announced_samples(file) == 0
