# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers import output
from image_classification.CFC_SP.writers.output import OutputFolder
from image_classification.CFC_SP.writers.rows_csv import CsvWriter

ROOT = Path(__file__).resolve().parents[2]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def run(code, *arguments):
    """Starts Python on `code` with pipes for its input and output."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_files_get_their_final_names_at_the_end_and_scratch_goes(tmp_path):
    with OutputFolder(tmp_path / "out", "clip", ["json", "mp4"]) as folder:
        for name in ("csv", "json", "mp4"):
            folder.part(name).write_text(name)
            assert folder.part(name).parent == tmp_path / "out" / "clip"
        assert all(name.startswith(".") for name in names(folder.path))
    assert names(folder.path) == ["annotated.mp4", "result.json"]
    assert [path.read_text() for path in folder.files] == ["json", "mp4"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_earlier_results_and_nothing_else(tmp_path, error):
    with OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        folder.part("csv").write_text("earlier")
    with pytest.raises(error), OutputFolder(tmp_path, "clip", ["csv", "json"]) as folder:
        folder.part("csv").write_text("half")
        folder.part("json").write_text("half")
        raise error
    assert names(folder.path) == ["frames.csv"]
    assert (folder.path / "frames.csv").read_text() == "earlier"


def test_what_an_earlier_call_wrote_and_this_one_did_not_goes(tmp_path):
    """A page with the faces that this call hides, or segments of another span."""
    for formats in (["csv", "html"], ["mp4", "json"]):
        with OutputFolder(tmp_path, "clip", formats) as folder:
            for name in folder.formats:
                folder.part(name).write_text(formats[0])
        (folder.path / "notes.txt").write_text("mine")
        (folder.path / "segments.csv").mkdir(exist_ok=True)
        folder.remove_earlier(tmp_path / "clip.mp4")
    assert names(folder.path) == ["annotated.mp4", "notes.txt", "result.json", "segments.csv"]
    assert [path.name for path in folder.removed] == ["frames.csv", "report.html"]


@pytest.mark.parametrize("source", ["clip/annotated.mp4", "clip"])
def test_a_clip_beside_its_results_stays(tmp_path, source):
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "annotated.mp4").write_text("a clip, or a picture of one")
    with OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        folder.part("csv").write_text("rows")
    folder.remove_earlier(tmp_path / source)
    assert names(folder.path) == ["annotated.mp4", "frames.csv"] and not folder.removed


def test_an_error_in_the_first_run_leaves_no_folder(tmp_path):
    with pytest.raises(RuntimeError), OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        folder.part("csv").write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_killed_process_leaves_no_final_file_and_the_next_run_cleans_up(tmp_path, make_results):
    code = """
import sys
from image_classification.CFC_SP.core.records import FrameResult
from image_classification.CFC_SP.writers import output
from image_classification.CFC_SP.writers.output import OutputFolder
from image_classification.CFC_SP.writers.rows_csv import CsvWriter
with OutputFolder(sys.argv[1], "clip", ["csv"]) as folder, CsvWriter(folder.part("csv")) as writer:
    for i in range(5000):
        writer.write(FrameResult(i, i / 30))
    print("half", flush=True)
    sys.stdin.read()
"""
    process = run(code, tmp_path)
    assert process.stdout.readline() == "half\n"
    with OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        assert len(names(folder.path)) == 1, "a living process keeps its part"
        folder.part("csv").write_text("other run")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (left,) = set(names(folder.path)) - {"frames.csv"}
    assert left == f".frames.csv.part-{process.pid}"
    with OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        assert names(folder.path) == ["frames.csv"]
        folder.part("csv").write_text("new")
    assert names(folder.path) == ["frames.csv"]


def test_foreign_hidden_files_stay(tmp_path):
    (tmp_path / "clip").mkdir()
    for name in (".notes.part-one", ".x.part-999999999y", "frames.csv.part-1"):
        (tmp_path / "clip" / name).touch()
    before = names(tmp_path / "clip")
    with OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        folder.part("csv").touch()
    assert names(folder.path) == sorted([*before, "frames.csv"])


def test_a_file_in_the_way_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    for root, stem in ((tmp_path / "file", "clip"), (tmp_path, "file")):
        with pytest.raises(UserError, match=f"-out: expected a folder, found a file at {tmp_path / 'file'}: "):
            OutputFolder(root, stem, ["csv"])
    (tmp_path / "clip" / "frames.csv").mkdir(parents=True)
    with pytest.raises(UserError, match=r"frames\.csv"):
        OutputFolder(tmp_path, "clip", ["csv"])


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc, a folder that takes no files, not even root's")
@pytest.mark.parametrize("root, stem", [("/proc", "clip"), ("/proc/self", "fd")])
def test_a_folder_that_takes_no_files_is_refused_before_any_work(root, stem):
    with pytest.raises(UserError, match="-out"):
        OutputFolder(root, stem, ["csv"])


@pytest.mark.parametrize("stem", ["", ".", "..", "a/b"])
def test_a_stem_that_would_leave_the_folder_is_refused(tmp_path, stem):
    with pytest.raises(UserError, match="rename"):
        OutputFolder(tmp_path, stem, ["csv"])


@pytest.mark.parametrize("stem", ["-clip", "http:x", "%03d", "cl*[ip", "два\nlines"])
def test_odd_stems_are_plain_names(tmp_path, stem):
    with OutputFolder(tmp_path, stem, ["csv"]) as folder:
        folder.part("csv").touch()
    assert names(tmp_path / stem) == ["frames.csv"]


@pytest.mark.parametrize("formats", [[], ["csv", "avi"]])
def test_formats_are_checked(tmp_path, formats):
    with pytest.raises(UserError, match="csv, json, mp4"):
        OutputFolder(tmp_path, "clip", formats)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, the disk that is always full")
def test_a_full_disk_is_told_in_a_sentence(tmp_path, make_results):
    with pytest.raises(UserError, match="No space left"), OutputFolder(tmp_path, "clip", ["csv"]) as folder:
        folder.part("csv").symlink_to("/dev/full")
        with CsvWriter(folder.part("csv")) as writer:
            for result in make_results(2000):
                writer.write(result)
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["csv", "json", "mp4"])
def test_a_file_that_may_not_grow_is_told_in_a_sentence(tmp_path, name):
    pytest.importorskip("resource", reason="needs file size limits")
    code = """
import os, resource, sys
import numpy as np
from image_classification.CFC_SP.core.records import Frame, FrameResult, Source, Summary
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.annotated_video import write_annotated_video
from image_classification.CFC_SP.writers import output
from image_classification.CFC_SP.writers.output import OutputFolder
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter

root, name = sys.argv[1:]
noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
frames = [Frame(i, i / 30, np.roll(noise, i * i, 0)) for i in range(30)]
results = [FrameResult(i, i / 30) for i in range(30 if name == "mp4" else 3000)]
clip = os.path.join(root, "silent.mp4")
source = Source(clip, "h264", 128, 128, 30.0, 1.0)
import av
with av.open(clip, "w") as movie:
    stream = movie.add_stream("libx264", rate=30)
    stream.width = stream.height = 128
    movie.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
    movie.mux(stream.encode(None))
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    with OutputFolder(root, "clip", [name]) as folder:
        if name == "csv":
            with CsvWriter(folder.part("csv")) as writer:
                for result in results:
                    writer.write(result)
        elif name == "json":
            write_json(folder.part("json"), Summary(source, {}, "cpu", "none", 0), results)
        else:
            write_annotated_video(source, frames, results, folder.part("mp4"))
except UserError as error:
    print(error, os.path.exists(folder.path))
"""
    output, _ = run(code, tmp_path, name).communicate()
    assert "File too large" in output and output.endswith("False\n"), output


def test_a_new_folder_is_nobody_else_s(tmp_path):
    first, second = (OutputFolder.new(tmp_path, "camera", ["csv"]) for _ in range(2))
    (tmp_path / "camera-3").write_text("in the way")
    third = OutputFolder.new(tmp_path, "camera", ["csv"])
    assert [folder.path.name for folder in (first, second, third)] == ["camera", "camera-2", "camera-4"]


def test_what_is_left_out_is_not_delivered(tmp_path):
    with OutputFolder(tmp_path, "clip", ["csv", "mp4"]) as folder:
        for name in ("csv", "mp4"):
            folder.part(name).write_text(name)
        folder.leave_out("mp4")
    assert names(folder.path) == ["frames.csv"]


def test_folders_of_windows_which_cannot_be_opened_are_not_flushed(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(output, "is_alive", lambda process: True)
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.readlink(f"/proc/self/fd/{handle}")))
    with OutputFolder(tmp_path, "clip", ("csv",)) as folder:
        folder.part("csv").write_text("a\n")
    assert [Path(path).parent for path in flushed] == [tmp_path / "clip"]
