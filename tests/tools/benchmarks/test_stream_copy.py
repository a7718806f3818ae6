# SPDX-License-Identifier: Apache-2.0
import av
import numpy as np

from image_classification.CFC_SP.video.reader import open_video
from tests.clips import pictures, real_clip, write_clip
from tools.benchmarks.stream_copy import first_frame_of, repeat

MAN = real_clip("carphone_pristine.mp4")


def pictures_of(path):
    with open_video(path) as reader:
        return [(frame.time_s, frame.image.copy()) for frame in reader]


def test_clips_are_repeated_as_they_are(tmp_path):
    once, thrice = pictures_of(MAN), tmp_path / "thrice.mkv"
    repeat(MAN, thrice, 3)
    found = pictures_of(thrice)
    assert len(found) == 3 * len(once) == 360
    assert all(np.array_equal(found[i][1], once[i % 120][1]) for i in range(360))
    steps = np.diff([time_s for time_s, _ in found])
    assert 0.5 * np.median(steps) < steps.min() and steps.max() < 2 * np.median(steps)


def test_a_matroska_clip_whose_frames_come_out_of_order_is_repeated(tmp_path):
    """Its first packets do not say when to decode them."""
    clip, twice = write_clip(tmp_path / "once.mkv", pictures(30)), tmp_path / "twice.mkv"
    with av.open(str(clip)) as container:
        assert any(packet.dts is None for packet in container.demux(video=0) if packet.size)
    repeat(clip, twice, 2)
    once, found = pictures_of(clip), pictures_of(twice)
    assert len(found) == 2 * len(once) == 60
    assert all(np.array_equal(found[i][1], once[i % 30][1]) for i in range(60))


def test_a_clip_is_cut_to_its_first_frame(tmp_path):
    first_frame_of(MAN, tmp_path / "one.mkv")
    found = pictures_of(tmp_path / "one.mkv")
    assert len(found) == 1 and np.array_equal(found[0][1], pictures_of(MAN)[0][1])
