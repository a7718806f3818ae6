# SPDX-License-Identifier: Apache-2.0
"""Several clips, folders, parts of clips and second calls, as a person asks for them."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cfc_sp import predict_video, read_result
from image_classification.CFC_SP import predict
from image_classification.CFC_SP.prediction.clip_search import Clip
from image_classification.CFC_SP.prediction.many_clips import Outcome
from image_classification.CFC_SP.support.command_line import Parser, run_script
from image_classification.CFC_SP.support.errors import NetworksEndedError, UserError
from image_classification.CFC_SP.video.clip import open_clip
from tests import clips
from tests.predicting import json_of, rows_of, run


def write_pictures(folder, count, **options):
    folder.mkdir()
    for number, picture in enumerate(clips.pictures(count), 1):
        Image.fromarray(picture).save(folder / f"{number}.png", **options)
    return folder


def folders(root):
    return [path for path in root.iterdir() if path.is_dir()]


pytestmark = pytest.mark.usefixtures("loaded_once")


def test_a_fault_of_the_program_names_its_clip(capsys):
    Outcome(error=NetworksEndedError("the process was killed")).tell(Clip(Path("/a/b.mp4"), "b"), 0)
    assert capsys.readouterr().err == "error: '/a/b.mp4': the process was killed\n"


def test_a_part_is_what_every_output_covers(clip, tmp_path):
    words = ("-video", clip, "-start", "0:00:00.5", "-end", "1.5", "-stride", "4", "-formats", "csv,json,mp4,html")
    assert run(*words, out=tmp_path / "out") == 0
    folder = tmp_path / "out" / "clip"
    rows, result = rows_of(folder), json_of(folder)
    assert [int(row["frame"]) for row in rows] == [10, 14, 18, 22, 26]
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0.5, 0.7, 0.9, 1.1, 1.3])
    asked = {"start_s": 0.5, "end_s": 1.5, "stride": 4, "engine": "auto", "precision": "auto", "search": "auto"}
    defaults = "window", "min_face", "fps", "max_pixels", "smoothing", "prior", "min_confidence", "min_segment", "hide"
    assert result["options"] == asked | {"labels": True} | dict.fromkeys(defaults)
    # 24 frames at 30 fps are 0.8 s: 4 frames at the 5 a second that are looked at.
    assert (result["window_frames"], result["counts"]["frames"], result["source"]["fps"]) == (4, 5, 20.0)
    with av.open(str(folder / "annotated.mp4")) as movie:
        assert [frame.time for frame in movie.decode(video=0)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8], abs=1e-4)
    with av.open(str(folder / "annotated.mp4")) as movie:
        sound = [float(packet.pts * packet.time_base) for packet in movie.demux(audio=0) if packet.pts is not None]
    assert -0.001 <= sound[0] <= 0.13 and 0.7 <= sound[-1] <= 1.0
    page = (folder / "report.html").read_text()
    assert 'data-begin="0.5" data-end="1.5"' in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-start", "2", "-end", "1"], "after -start"),
        (["-start", "soon"], "h:mm:ss"),
        (["-start", "-5"], "0 s or more"),
        (["-end", "nan"], "0 s or more"),
        (["-stride", "0"], "-stride"),
        (["-start", "1:00:00"], "choose another -start"),
        (["-resume", "-formats", "csv"], "add json"),
    ],
)
def test_parts_that_are_none_are_one_sentence(clip, tmp_path, capsys, words, told):
    assert run("-video", clip, *words, out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and told in said
    assert not list((tmp_path / "out").glob("*"))


def test_a_folder_stands_for_its_videos_in_natural_order(tmp_path, capsys):
    folder = tmp_path / "my videos"
    folder.mkdir()
    for name in ("clip10.mp4", "clip2.MP4", ".hidden.mp4"):
        clips.write_clip(folder / name.lower(), clips.pictures(3)).rename(folder / name)
    (folder / "bad.mp4").write_text("no video")
    (folder / "notes.txt").write_text("no video either")
    clips.write_clip(tmp_path / "clip2.mp4", clips.pictures(2))
    assert run("-video", folder, tmp_path / "clip2.mp4", "-formats", "csv", out=tmp_path / "out") == 2
    said = capsys.readouterr()
    assert said.out.index("'clip2.MP4'") < said.out.index("'clip10.mp4'") and "bad.mp4" in said.err and "1 of 4" in said.err
    # A file on which nothing is known is told, and videos alone are clips.
    assert "1 file whose names are not those of videos (.txt)" in said.out
    assert {path.name: len(rows_of(path)) for path in folders(tmp_path / "out")} == {"clip2": 3, "clip10": 3, "clip2-2": 2}


def test_pictures_are_a_clip(tmp_path):
    folder = write_pictures(tmp_path / "frames", 11)
    assert run("-video", folder, "-fps", 10, out=tmp_path / "out") == 0
    rows, result = rows_of(tmp_path / "out" / "frames"), json_of(tmp_path / "out" / "frames")
    assert [(int(row["frame"]), float(row["time_s"])) for row in rows] == [(i, i / 10) for i in range(11)]
    assert (result["source"]["codec"], result["source"]["fps"], result["source"]["width"]) == ("pictures", 10.0, 64)
    with av.open(str(tmp_path / "out" / "frames" / "annotated.mp4")) as movie:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in movie.decode(video=0)]
    assert len(frames) == 11
    # Natural order: 2.png before 10.png.
    assert all(np.abs(frame - picture).mean() < 12 for frame, picture in zip(frames, clips.pictures(11), strict=True))


def test_unrelated_pictures_keep_their_names(astronaut, tmp_path, capsys):
    """Each is looked at in its own size and by itself; what is not read is named with its reason."""
    folder = write_pictures(tmp_path / "faces", 1)
    turned = Image.fromarray(np.rot90(astronaut).copy())
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "2.jpg", exif=exif, quality=95)
    Image.fromarray(astronaut).save(folder / "10.png")
    (folder / "3.heic").touch()
    assert run("-video", folder, "-formats", "csv,json,mp4,html", out=tmp_path / "out") == 0
    rows, result = rows_of(tmp_path / "out" / "faces"), json_of(tmp_path / "out" / "faces")
    found = [(row["picture"], row["frame"], row["time_s"], row["track"]) for row in rows]
    assert found == [("1.png", "0", "0.000000", ""), ("2.jpg", "1", "1.000000", "1"), ("10.png", "3", "3.000000", "2")]
    assert all(row["label"] == row["raw_label"] == "Happiness" for row in rows[1:])
    # The same face at the same place of an upright picture of 512 x 512.
    assert [float(rows[1][edge]) for edge in ("x1", "y1", "x2", "y2")] == pytest.approx([180, 61, 266, 173], abs=3)
    assert [(entry["name"], entry["width"], bool(entry["refused"])) for entry in result["pictures"]] == [
        *(("1.png", 64, False), ("2.jpg", 512, False), ("3.heic", 0, True), ("10.png", 512, False)),
    ]
    assert [row["picture"] for row in result["rows"]] == ["1.png", "2.jpg", "10.png"]
    assert (result["counts"]["damaged_frames"], result["window_frames"]) == (1, 0) and "'3.heic'" in result["warnings"][0]
    again = read_result(tmp_path / "out" / "faces")
    assert [row.picture for row in again.rows] == ["1.png", "2.jpg", "10.png"] and again.summary.pictures[2].refused
    assert {path.name for path in again.save(tmp_path / "again", ("csv", "mp4"))} == {"frames.csv", "annotated.mp4"}
    assert (tmp_path / "again" / "frames.csv").read_bytes() == (tmp_path / "out" / "faces" / "frames.csv").read_bytes()
    with av.open(str(tmp_path / "again" / "annotated.mp4")) as movie:
        assert [(frame.time, frame.width, frame.height) for frame in movie.decode(video=0)] == [(0, 512, 512), (1, 512, 512), (3, 512, 512)]
    assert run("-video", folder, "-window", 24, out=tmp_path / "out") == 2
    assert "add -fps" in capsys.readouterr().err


def test_a_picture_is_a_clip(astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "face.jpg")
    assert run("-video", tmp_path / "face.jpg", out=tmp_path / "out") == 0
    (row,) = rows_of(tmp_path / "out" / "face")
    assert (row["picture"], row["label"]) == ("face.jpg", "Happiness")


def test_odd_pictures(tmp_path, capsys):
    folder = write_pictures(tmp_path / "frames", 2)
    picture = clips.pictures(1)[0]
    Image.fromarray(picture).convert("L").save(folder / "3.png")
    Image.fromarray(np.dstack([picture, picture[:, :, 0]])).save(folder / "4.png")
    Image.fromarray(picture.astype(np.uint16)[:, :, 0] * 257).save(folder / "5.png")
    Image.fromarray(picture).resize((32, 32)).save(folder / "6.png")
    (folder / "7.png").write_bytes(b"no picture")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(np.rot90(picture).copy())
    turned.save(folder / "8.jpg", exif=exif, quality=98)
    result = predict_video(folder, fps=30)
    assert [row.frame for row in result.rows] == [0, 1, 2, 3, 4, 5, 7]
    assert result.summary.damaged_frames == 1
    assert any("64 x 48" in warning for warning in result.summary.warnings)
    with open_clip(folder, fps=30) as reader:
        images = [frame.image.astype(int) for frame in reader]
    grey = np.array(Image.fromarray(picture).convert("L"))[:, :, None]
    for image, expected in [(images[2], grey), (images[3], picture), (images[4], picture[:, :, :1]), (images[6], picture)]:
        assert np.abs(image - expected).mean() < 3
    # A square one keeps its proportions.
    assert not images[5][:, :8].any() and not images[5][:, 56:].any()
    square = np.array(Image.fromarray(picture).resize((32, 32)).resize((48, 48))).astype(int)
    assert np.abs(images[5][:, 8:56] - square).mean() < 5


@pytest.mark.parametrize(("make", "told"), [(lambda folder: None, "without either"), (lambda folder: (folder / "1.png").touch(), "1.png")])
def test_folders_without_a_clip_are_told(tmp_path, make, told):
    (tmp_path / "folder").mkdir()
    make(tmp_path / "folder")
    with pytest.raises(UserError, match=told):
        predict_video(tmp_path / "folder")
    with pytest.raises(UserError, match="-fps"):
        predict_video(tmp_path / "folder", fps=0)


def test_finished_clips_are_skipped_and_others_done_again(clip, tmp_path, capsys):
    def call(*words):
        assert run("-video", clip, "-formats", "csv,json", "-resume", *words, out=tmp_path / "out") == 0
        return "skipped" in capsys.readouterr().out

    folder = tmp_path / "out" / "clip"
    assert not call()
    # What a killed call has left goes although the clip is skipped.
    left = folder / f".frames.csv.part-{4_000_000_000}"
    left.touch()
    assert call() and not left.exists()
    assert not call("-window", "8")
    assert not call() and call()
    whole = (folder / "result.json").read_bytes()
    (folder / "result.json").write_bytes(whole.replace(b'"options"', b'"choices"'))
    assert not call() and call()
    (folder / "result.json").write_bytes(whole[:-1])
    assert not call()
    (folder / "frames.csv").write_text("of another run")
    assert not call()
    os.utime(clip, (1, 1))
    assert not call() and call()
    assert not call("-formats", "csv,json,png")
    (folder / "result.json").write_bytes(whole[:100] + whole[-6:])
    assert not call()


NAMES = (
    "-a.mp4",
    "--video.mp4",
    "-video",
    "a b.mp4",
    'it\'s "q".mp4',
    "ü 顔.mp4",
    "two\nlines.mp4",
    "$HOME;x.mp4",
    "%s.mp4",
    os.fsdecode(b"\xff.mp4"),
)


def test_odd_names_are_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = clips.write_clip(tmp_path / "clip.mp4", clips.pictures(2)).read_bytes()
    names = [name for name in NAMES if name != "-video"]
    for name in names:
        (tmp_path / name).write_bytes(data)
    assert run("-video", *names, "-formats", "csv,json", out=tmp_path / "out") == 0
    found = {path.name: len(rows_of(path)) for path in folders(tmp_path / "out")}
    assert found == {Path(name).stem: 2 for name in names}
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.endswith(("frames.csv", "frames.csv'"))]) == len(names)


def test_a_word_is_an_option_before_it_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-q", "-out", "-x.mp4"):
        (tmp_path / name).touch()
    parser = Parser()
    predict.add_options(parser)
    arguments = parser.parse_args(["-video", "-x.mp4", "-q", "-out", "there"])
    assert (arguments.video, arguments.verbosity, arguments.out) == (["./-x.mp4"], -1, "there")


def test_help_fits_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        run_script(predict, ["--help"])
    text = capsys.readouterr().out
    assert "examples:" in text
    assert not [line for line in text.splitlines() if len(line) > 40]


def test_a_clip_that_is_analysed_otherwise_replaces_all_of_its_results(clip, tmp_path, capsys):
    """A page with the faces that are hidden now, or segments of another span; what only adds a format removes nothing."""
    out = tmp_path / "out"
    for words, left in (
        (("-formats", "csv,json,segments,mp4"), {"frames.csv", "result.json", "segments.csv", "annotated.mp4"}),
        (("-formats", "json,vtt"), {"frames.csv", "result.json", "segments.csv", "segments.vtt", "annotated.mp4"}),
        (("-formats", "json,mp4", "-hide", "box"), {"result.json", "annotated.mp4"}),
    ):
        assert run("-video", clip, *words, out=out) == 0
        assert {path.name for path in (out / clip.stem).iterdir()} == left
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "Removed, since they show an earlier analysis: frames.csv, segments.csv, segments.vtt."
    assert said.count("Removed") == 1
