# SPDX-License-Identifier: Apache-2.0
import os

import av
import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video import container
from image_classification.CFC_SP.video.reader import open_video
from tests import clips
from tests.leftovers import nothing_left


def whole_clip(path):
    return clips.write_clip(path, clips.pictures(10), index_first=True)


BAD_INPUTS = {
    "nothing at": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "an empty file": lambda path: path.touch(),
    "a device or pipe": os.mkfifo,
    "that FFmpeg can read": lambda path: path.write_text("not a video\n" * 50),
    "without a usable index": lambda path: clips.cut_end(clips.write_clip(path, clips.pictures(10)), 0.5),
    "only streams of kind: audio": clips.write_sound,
    "at least one frame": lambda path: clips.damage(whole_clip(path), 0, 1),
}


@pytest.mark.parametrize("expected", BAD_INPUTS)
def test_bad_input_is_one_clear_sentence(tmp_path, expected):
    path = tmp_path / "a.mp4"
    BAD_INPUTS[expected](path)
    with pytest.raises(UserError) as caught:
        open_video(path)
    sentence = str(caught.value)
    assert expected in sentence and "a.mp4" in sentence and sentence.endswith(".") and "\n" not in sentence


def test_a_text_file_is_never_drawn_as_a_video(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("FFmpeg has a demuxer that renders text.\n" * 50)
    with pytest.raises(UserError, match="FFmpeg can read"):
        open_video(path)


def test_playlists_reach_no_other_file(tmp_path):
    clips.write_clip(tmp_path / "a.ts", clips.pictures(5))
    path = tmp_path / "list.mp4"
    path.write_text("ffconcat version 1.0\nfile a.ts\n")
    with pytest.raises(UserError):
        open_video(path)


def test_huge_frames_are_refused(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(1))
    with pytest.raises(UserError, match="64 x 48 .* -max_pixels 3072"):
        open_video(path, max_pixels=64 * 48 - 1)
    with open_video(path, max_pixels=64 * 48) as video:
        assert len(list(video)) == 1


def test_a_disk_fault_is_an_error_and_no_damaged_clip(monkeypatch):
    class Faulty(container.AnonymousFile):
        def __init__(self, file):
            super().__init__(file)
            self.reads = 0
            self.read = self.count_and_read
            self.file = file

        def count_and_read(self, size):
            self.reads += 1
            if self.reads > 4:
                raise OSError(5, "Input/output error")
            return self.file.read(size)

    monkeypatch.setattr(container, "AnonymousFile", Faulty)
    with open_video(clips.real_clip("carphone_pristine.mp4")) as video, pytest.raises(UserError, match="Input/output error"):
        list(video)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs a list of the process's open files")
def test_the_file_is_closed_after_an_error(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("not a video")
    with nothing_left():
        with pytest.raises(UserError) as kept:
            open_video(path)
        assert kept


def test_of_several_streams_the_one_looked_at_is_told(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream, width in zip(streams, (64, 128), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
        for stream in streams:
            for picture in clips.pictures(5, stream.width):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
    with open_video(path) as video:
        height, width, _ = next(iter(video)).image.shape
    assert len(video.warnings) == 1 and "2 video streams" in video.warnings[0] and f"{width} x {height}" in video.warnings[0]


def test_an_encrypted_clip_is_called_so(tmp_path):
    path = tmp_path / "a.mp4"
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "7" * 32, "encryption_kid": "a" * 32}
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for picture in clips.pictures(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(UserError, match="encrypted"):
        open_video(path)


def test_a_track_that_says_no_more_than_that_it_is_encrypted_is_called_so(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", clips.pictures(5))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"encv"))
    with pytest.raises(UserError, match="encrypted"):
        open_video(path)


def test_an_animated_webp_is_called_so(tmp_path):
    path = clips.write_clip(tmp_path / "a.webp", clips.pictures(5), codec="libwebp_anim")
    with pytest.raises(UserError, match="animated WebP"):
        open_video(path)


@pytest.mark.parametrize("name", ["a.gif", "a.mp4", "a.h264", "a.ts", "a.mkv"])
def test_the_size_of_what_is_too_large_is_told(tmp_path, name):
    codec, pix_fmt = ("gif", "rgb8") if name.endswith("gif") else ("libx264", "yuv420p")
    path = clips.write_clip(tmp_path / name, clips.pictures(2, 320, 240), codec=codec, pix_fmt=pix_fmt)
    with pytest.raises(UserError, match="at most 70000 pixels, found 320 x 240"):
        open_video(path, max_pixels=70_000)
    with pytest.raises(UserError, match="-max_pixels"):
        open_video(path, max_pixels=0)
