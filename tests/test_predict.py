# SPDX-License-Identifier: Apache-2.0
"""predict.py as a person calls it: real clips, odd clips, bad input, the shipped bundle."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest

from cfc_sp import predict_video
from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.support.files import sha256_of
from tests import clips
from tests.events import LIMIT_S, wait_until
from tests.predicting import rows_of, run
from tools.benchmarks.stream_copy import repeat
from tools.footage.clip_scores import count_changes, read_ranges, score_ranges

FRAMES = 40
SCRIPT = Path(predict.__file__)
pytestmark = pytest.mark.usefixtures("loaded_once")
FACE_COLUMNS = ("track", "x1", "y1", "x2", "y2", "face_score", "label", "confidence", "coarse", "raw_label", "p_neutral", "p_other")


@pytest.fixture(scope="module")
def talking_man(tmp_path_factory):
    """The first FRAMES frames of the talking man."""
    return copied(FRAMES, tmp_path_factory.mktemp("clips") / "man.mkv")


def copied(packets, target_path):
    """The first packets of the talking man in a Matroska file, as they are."""
    with av.open(str(clips.real_clip("carphone_pristine.mp4"))) as source, av.open(str(target_path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet, _ in zip(source.demux(video=0), range(packets), strict=False):
            packet.stream = stream
            target.mux(packet)
    return target_path


@pytest.fixture(scope="module")
def man(talking_man, tmp_path_factory):
    """All formats of the talking man, made once, with a recognizer of its own: the clip's output folder."""
    out = tmp_path_factory.mktemp("man")
    assert run("-video", talking_man, out=out) == 0
    return out / talking_man.stem


def test_one_row_a_frame_and_face(man):
    rows = rows_of(man)
    assert [int(row["frame"]) for row in rows] == list(range(FRAMES))
    assert {row["track"] for row in rows} == {"1"}
    assert all(abs(sum(float(row[f"p_{name.lower()}"]) for name in EXPR) - 1) < 1e-5 for row in rows)
    for row in rows:
        assert row["coarse"] == COARSE[EXPR_TO_COARSE[EXPR.index(row["label"])]]
        assert float(row["confidence"]) == float(row[f"p_{row['label'].lower()}"])
        assert 0 <= float(row["x1"]) < float(row["x2"]) <= 193 and 0 <= float(row["y1"]) < float(row["y2"]) <= 144
    times = [float(row["time_s"]) for row in rows]
    assert times == sorted(set(times))


def test_json_agrees_with_the_csv_and_the_bundle(man, lite):
    result = json.loads((man / "result.json").read_text())
    rows = rows_of(man)
    assert [row["label"] for row in result["rows"]] == [row["label"] for row in rows]
    assert result["bundle"]["sha256"] == sha256_of(lite / "manifest.yaml")
    assert result["bundle"]["files"] == {path.name: sha256_of(path) for path in lite.iterdir() if path.name != "manifest.yaml"}
    assert result["device"] == "cpu" and result["engine"] in ("onednn", "onednn bfloat16")
    assert result["counts"]["frames"] == result["counts"]["face_rows"] == FRAMES
    covered = sum(segment["end_s"] - segment["start_s"] for segment in result["segments"])
    assert covered == pytest.approx(FRAMES / result["source"]["fps"], abs=0.05)


def test_the_annotated_video_is_whole(man):
    with av.open(str(man / "annotated.mp4")) as movie:
        frames = list(movie.decode(video=0))
    assert len(frames) == FRAMES and (frames[0].width, frames[0].height) == (194, 144)


def test_two_runs_give_the_same_csv(man, talking_man, tmp_path):
    assert run("-video", talking_man, "-formats", "csv", out=tmp_path) == 0
    assert (tmp_path / talking_man.stem / "frames.csv").read_bytes() == (man / "frames.csv").read_bytes()
    assert [path.name for path in (tmp_path / talking_man.stem).iterdir()] == ["frames.csv"]


def test_window_0_gives_raw_labels(talking_man, tmp_path):
    assert run("-video", talking_man, "-formats", "csv", "-window", 0, out=tmp_path) == 0
    rows = rows_of(tmp_path / talking_man.stem)
    assert [row["label"] for row in rows] == [row["raw_label"] for row in rows]


def test_smoothing_and_prior_can_be_chosen(talking_man, tmp_path):
    """The paper's kind has its own window; each of the three files differs from the others."""
    asked = {"paper": ["-smoothing", "logits", "-prior", "data"], "prior": ["-smoothing", "logits"], "kind": ["-prior", "data"]}
    for name, words in asked.items():
        assert run("-video", talking_man, "-formats", "csv,json", *words, out=tmp_path / name) == 0
    folders = {name: tmp_path / name / talking_man.stem for name in asked}
    said = {name: json.loads((folder / "result.json").read_text()) for name, folder in folders.items()}
    assert (said["paper"]["options"]["smoothing"], said["paper"]["options"]["prior"]) == ("logits", "data")
    assert said["paper"]["window_frames"] > 10 * said["kind"]["window_frames"]
    assert len({(folder / "frames.csv").read_bytes() for folder in folders.values()}) == 3


def test_python_call_gives_the_same(man, talking_man):
    result = predict_video(talking_man, device="cpu")
    assert [row["label"] for row in rows_of(man)] == [face.label for row in result.rows for face in row.faces]
    assert result.summary.frames == FRAMES


def test_no_face_is_no_error(tmp_path, capsys):
    clip = clips.write_clip(tmp_path / "street.mp4", clips.pictures(12))
    assert run("-video", clip, out=tmp_path / "out") == 0
    rows = rows_of(tmp_path / "out" / "street")
    assert len(rows) == 12 and all(row[name] == "" for row in rows for name in FACE_COLUMNS)
    assert "no face was found in any frame" in " ".join(capsys.readouterr().out.split())
    assert "no face" in json.loads((tmp_path / "out" / "street" / "result.json").read_text())["warnings"][0]


@pytest.mark.parametrize(
    ("frames", "options"),
    [
        (clips.pictures(1), {}),
        (clips.pictures(5), {"pix_fmt": "gray"}),
        (clips.pictures(5, 63, 47), {"pix_fmt": "yuv444p"}),
        (clips.pictures(4, 16, 16), {}),
    ],
    ids=["one frame", "grey", "odd size", "tiny"],
)
def test_odd_clips_are_no_errors(tmp_path, frames, options):
    clip = clips.write_clip(tmp_path / "clip.mp4", frames, **options)
    assert run("-video", clip, out=tmp_path / "out") == 0
    assert len(rows_of(tmp_path / "out" / "clip")) == len(frames)


def test_a_damaged_end_is_told_and_the_rest_delivered(tmp_path):
    clip = clips.cut_end(copied(120, tmp_path / "clip.mkv"), 0.5)
    assert run("-video", clip, "-formats", "csv,json", out=tmp_path / "out") == 0
    result = json.loads((tmp_path / "out" / "clip" / "result.json").read_text())
    assert 10 < result["counts"]["frames"] < 120 and result["counts"]["damaged_frames"] > 0 and result["warnings"]
    assert len(rows_of(tmp_path / "out" / "clip")) == result["counts"]["frames"]


BAD_CLIPS = {
    "missing": lambda folder: folder / "none.mp4",
    "directory": lambda folder: folder,
    "empty": lambda folder: _written(folder / "empty.mp4", b""),
    "text": lambda folder: _written(folder / "text.mp4", b"not a video at all\n" * 40),
    "no index": lambda folder: clips.cut_end(clips.write_clip(folder / "cut.mp4", clips.pictures(30)), 0.5),
    "only sound": lambda folder: clips.write_sound(folder / "sound.mp4"),
}


def _written(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", BAD_CLIPS)
def test_bad_clips_are_one_sentence(tmp_path, capsys, kind):
    (tmp_path / "in").mkdir()
    clip = BAD_CLIPS[kind](tmp_path / "in")
    assert run("-video", clip, out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and clip.name in said and "expected" in said.lower()
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-device", "gpu"], "paddlepaddle-gpu"),
        (["-bundle", "none"], "lite"),
        (["-formats", "csv,xlsx"], "xlsx"),
        (["-formats", "csv", "html"], "write -formats csv,html"),
        (["-window", "-3"], "-3"),
        (["-smoothing", "median"], "logits, probabilities, decoder"),
        (["-prior", "world"], "data, or a power"),
        (["-min_face", "1"], "min_face"),
    ],
)
def test_bad_options_are_one_sentence(tmp_path, talking_man, capsys, words, told):
    assert run("-video", talking_man, *words, out=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and told in said
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_in_the_way_of_the_output_is_told_first(tmp_path, talking_man, capsys):
    (tmp_path / "out").write_text("in the way")
    assert run("-video", talking_man, out=tmp_path / "out") == 2
    assert "out" in capsys.readouterr().err


def test_one_failing_clip_does_not_stop_the_others(tmp_path, capsys):
    first = clips.write_clip(tmp_path / "a.mp4", clips.pictures(3))
    (tmp_path / "b").mkdir()
    second = clips.write_clip(tmp_path / "b" / "a.mp4", clips.pictures(4))
    assert run("-video", first, tmp_path / "none.mp4", second, "-formats", "csv", out=tmp_path / "out") == 2
    assert len(rows_of(tmp_path / "out" / "a")) == 3 and len(rows_of(tmp_path / "out" / "a-2")) == 4
    assert "1 of 3" in capsys.readouterr().err


@pytest.mark.parametrize("written", [0, 1])
def test_killed_on_the_way_leaves_nothing_under_a_final_name(tmp_path, written):
    """As soon as the parts are there, and once rows have reached the disk."""
    clip = tmp_path / "long.mkv"
    # 2,000 frames take seconds on any machine, so that it cannot end before the kill.
    repeat(clips.real_clip("carphone_pristine.mp4"), clip, 17)
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "-video", str(clip), "-out", str(tmp_path)], stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    folder = tmp_path / "long"
    wait_until(lambda: any(part.stat().st_size >= written for part in folder.glob(".frames.csv.part-*")), process)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = [path.name for path in folder.iterdir()]
    assert left and all(name.startswith(".") for name in left)
    assert run("-video", clip, "-end", "1", "-formats", "csv", out=tmp_path) == 0
    assert [path.name for path in folder.iterdir()] == ["frames.csv"]


def test_ctrl_c_is_one_word_and_leaves_no_parts(tmp_path):
    clip = tmp_path / "long.mkv"
    repeat(clips.real_clip("carphone_pristine.mp4"), clip, 17)
    # A shell starts its background jobs deaf to Ctrl-C, and they would hand that on.
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "-video", str(clip), "-out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_until(lambda: list(tmp_path.glob("out/long/.frames.csv.part-*")), process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=LIMIT_S)[1]
    assert (process.returncode, said) == (130, "stopped\n")
    assert not list(tmp_path.glob("out/*"))


def test_labelled_ranges_of_real_clips(shared_clips):
    """No face row in a no_face range, no track over a cut, labels right in 90 % of a range on average, and fewer changes when smoothed."""
    ranges = read_ranges(shared_clips)
    frames = {path: predict_video(path).rows for path in {entry["path"] for entry in ranges}}
    rows = score_ranges(ranges, frames)
    assert all(row["raw_share"] == 1 for row in rows if row["label"] in ("no_face", "cut"))
    for when in ("raw_share", "smoothed_share"):
        shares = [row[when] for row in rows if row["label"] not in ("no_face", "cut")]
        assert sum(shares) / len(shares) >= 0.9
    _, raw, smoothed = map(sum, zip(*map(count_changes, frames.values()), strict=True))
    assert smoothed < raw
