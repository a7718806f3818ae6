# SPDX-License-Identifier: Apache-2.0
"""What is made from rows costs none of them; -hide and -no_labels hold for all that shows the clip."""

import base64
import re

import av
import cv2
import numpy as np
import pytest

from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.face_detector import make_detector
from image_classification.CFC_SP.prediction import result_files
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.video.clip import open_clip
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers import annotated_video
from image_classification.CFC_SP.writers.hiding import HIDINGS, HOLD_S, hidden_boxes
from tests import clips, streams
from tests.predicting import json_of, only_folder, rows_of, run

MAN = clips.real_clip("carphone_pristine.mp4")
pytestmark = pytest.mark.usefixtures("loaded_once")


def test_a_failing_video_costs_no_rows(clip, tmp_path, capsys, monkeypatch):
    def fail(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result_files, "write_annotated_video", fail)
    assert run("-video", clip, out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "No space left" in said and "frames.csv" in said and "result.json" in said
    folder = tmp_path / "out" / "clip"
    assert {path.name for path in folder.iterdir()} == {"frames.csv", "result.json"}
    assert len(rows_of(folder)) == len(json_of(folder)["rows"]) == 40
    monkeypatch.setattr(result_files, "write_annotated_video", annotated_video.write_annotated_video)
    assert run("-video", clip, "-resume", out=tmp_path / "out") == 0
    assert (folder / "annotated.mp4").is_file()


def test_a_fault_of_our_own_in_the_video_costs_neither_rows_nor_the_next_clip(clip, tmp_path, monkeypatch, capsys):
    other = clips.write_clip(tmp_path / "other.mp4", clips.pictures(3))
    monkeypatch.setattr(result_files, "write_annotated_video", lambda *arguments, **keywords: 1 / 0)
    assert run("-video", clip, other, out=tmp_path / "out") == 2
    assert [len(rows_of(tmp_path / "out" / name)) for name in ("clip", "other")] == [40, 3]
    said = capsys.readouterr().err
    assert said.count("ZeroDivisionError") == 2 and "2 of 2 clips failed" in said


def test_frames_that_do_not_decode_twice_are_repeated_in_the_video(clip, tmp_path, monkeypatch):
    class Lossy:
        def __init__(self, *arguments):
            self._reader = open_clip(*arguments)

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self._reader.close()

        def __iter__(self):
            return (frame for frame in self._reader if frame.index not in (0, 7, 8, 39))

    # What is drawn is read a second time.
    monkeypatch.setattr(result_files, "open_clip", Lossy)
    assert run("-video", clip, out=tmp_path / "out") == 0
    folder = tmp_path / "out" / "clip"
    assert any(warning.startswith("4 frames") for warning in json_of(folder)["warnings"])
    with av.open(str(folder / "annotated.mp4")) as movie:
        assert len(list(movie.decode(video=0))) == 40


@pytest.fixture(scope="module")
def detector():
    """The project's own face detector, of smaller faces than it looks for."""
    return make_detector(open_bundle("lite"), 20)


def frames_of(path):
    with av.open(str(path)) as movie:
        return [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]


def pictures_of(page: str) -> list[np.ndarray]:
    """The thumbnails in a report."""
    found = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    return [cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR_RGB) for text in found]


def test_whatever_shows_the_clip_hides_its_faces(tmp_path, detector):
    words = ("-video", MAN, "-end", "0.6", "-hide", "blur", "-no_labels", "-formats", "csv,json,mp4,html")
    assert run(*words, out=tmp_path) == 0
    folder = tmp_path / MAN.stem
    assert (json_of(folder)["options"]["hide"], json_of(folder)["options"]["labels"]) == ("blur", False)
    shown = frames_of(folder / "annotated.mp4")
    assert len(shown) == 18 and not any(len(detector.detect(image)) for image in shown[::6])
    (thumbnail,) = pictures_of((folder / "report.html").read_text())
    assert not len(detector.detect(cv2.resize(thumbnail, (224, 224))))
    # Without labels the rest is the clip as it was.
    with open_video(MAN) as reader:
        first = next(iter(reader)).image
    (hidden,) = next(hidden_boxes(read_result(folder).rows, HOLD_S))
    left = max(0, int(hidden[0]))
    assert left > 20 and np.abs(shown[0][:, : left - 2].astype(int) - first[:, : left - 2]).mean() < 4
    assert len(detector.detect(first)) == 1


def test_a_result_can_be_saved_hidden(recognizer, tmp_path, detector):
    result = recognizer.video(MAN, end=0.1).run()
    result.save(tmp_path / "seen", ("mp4",))
    result.save(tmp_path / "hidden", ("json", "mp4"), hide="box")
    assert json_of(tmp_path / "hidden")["options"]["hide"] == "box"
    seen, hidden = (frames_of(tmp_path / name / "annotated.mp4")[0] for name in ("seen", "hidden"))
    assert len(detector.detect(seen)) == 1 and not len(detector.detect(hidden))


def test_a_stream_hides_them_too(tmp_path, detector):
    with streams.served(MAN, speed=2) as address:
        assert run("-video", address, "-end", "2", "-hide", "pixelate", "-formats", "csv,json,mp4", out=tmp_path) == 0
    folder = only_folder(tmp_path)
    latest = cv2.cvtColor(cv2.imread(str(folder / "latest.jpg")), cv2.COLOR_BGR2RGB)
    shown = frames_of(folder / "annotated.mp4")
    assert len(shown) == json_of(folder)["counts"]["frames"]
    assert not any(len(detector.detect(image)) for image in (latest, shown[0], shown[-1]))


def test_another_way_to_hide_is_one_sentence(tmp_path, street, capsys):
    assert run("-video", street, "-hide", "masks", out=tmp_path / "out") == 2
    assert capsys.readouterr().err == "error: -hide: expected one of blur, pixelate, box, found 'masks'\n"
    assert not list(tmp_path.glob("out/*"))


CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")


@pytest.mark.slow
@pytest.mark.parametrize("how", HIDINGS)
@pytest.mark.parametrize("name", ["portrait_720p.mp4", "smiles_480.mp4", "stage_cuts_640x360.mp4", "no_face_then_smile.mov"])
def test_two_detectors_find_no_face_in_real_clips(recognizer, shared_clips, tmp_path, detector, how, name):
    """The project's own and OpenCV's cascades, on every third frame; the cascades find the faces where they are not hidden."""
    result = recognizer.video(shared_clips / name, end=4).run()
    result.save(tmp_path / "hidden", ("csv", "json", "mp4"), hide=how)
    cascades = [cv2.CascadeClassifier(f"{cv2.data.haarcascades}{file}") for file in CASCADES]

    def found(image, boxes) -> bool:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        places = [(x + w / 2, y + h / 2) for cascade in cascades for x, y, w, h in cascade.detectMultiScale(grey, 1.1, 5, minSize=(30, 30))]
        return any(x1 < x < x2 and y1 < y < y2 for x, y in places for x1, y1, x2, y2 in boxes)

    regions = list(hidden_boxes(result.rows, HOLD_S))
    hidden = frames_of(tmp_path / "hidden" / "annotated.mp4")
    assert not [i for i in range(0, len(hidden), 3) if len(detector.detect(hidden[i]))]
    assert not [i for i in range(0, len(hidden), 3) if found(hidden[i], regions[i])]
    with open_video(shared_clips / name) as reader:
        assert any(found(frame.image, regions[frame.index]) for frame in reader if frame.index < len(regions) and frame.index % 3 == 0)
