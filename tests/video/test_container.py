import os

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video import container
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


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
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(UserError) as kept:
        open_video(path)
    assert len(os.listdir("/proc/self/fd")) == before
    assert kept
