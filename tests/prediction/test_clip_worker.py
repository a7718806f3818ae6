# SPDX-License-Identifier: Apache-2.0
"""What a worker of a cluster does with a clip, without a network behind it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.core.records import Source
from image_classification.CFC_SP.core.span import WHOLE
from image_classification.CFC_SP.prediction.clip_worker import ClipWorker
from image_classification.CFC_SP.prediction.many_clips import ClipTask, Outcome
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.remote_files import files_in, is_file, write_whole
from image_classification.CFC_SP.writers.result_json import write_json
from tests.summaries import summary_of

pytest.importorskip("fsspec")
CLIP = "memory://clips/a.mp4"


@pytest.fixture
def made(monkeypatch):
    """Makes a worker that writes to the folder at a place; `seen` are the paths that its model saw, `error` is what it meets."""
    seen = []

    def make(root, error=None, resume=False):
        def done_by(task, recognizer, path, name, quiet, live=None, address=None):
            seen.append(path)
            folder = task.root / name
            folder.mkdir(parents=True)
            (folder / "frames.csv").write_text(path.read_text())
            if error:
                return Outcome(None, [folder / "frames.csv"], error(path))
            file = path.stat()
            source = Source(address, "h264", 64, 48, 10.0, None, size_bytes=file.st_size, modified_s=file.st_mtime)
            summary = replace(summary_of(source, []), options=WHOLE.as_dict())
            write_json(folder / "result.json", summary, [])
            return Outcome(summary, [folder / "frames.csv", folder / "result.json"])

        monkeypatch.setattr(ClipTask, "done_by", done_by)
        worker = ClipWorker((), ClipTask(root, ("csv", "json"), ClipOptions(), resume))
        bundle = SimpleNamespace(sha256="0" * 64)
        worker._recognizer = SimpleNamespace(model=SimpleNamespace(bundle=bundle), asked=lambda options: WHOLE.as_dict())
        return worker

    make.seen = seen
    write_whole(CLIP, b"a clip")
    yield make
    import fsspec

    fsspec.filesystem("memory").store.clear()


def test_a_clip_is_fetched_and_its_results_are_brought_away(made):
    report = made("memory://out").work(CLIP, "a")
    assert report.values["state"] == "done" and report.values["machine"] and report.values["frames"] == 0
    assert files_in("memory://out/a") == ["memory:///out/a/frames.csv", "memory:///out/a/result.json"]
    (path,) = made.seen
    assert path.name == "a.mp4" and not path.exists()


def test_of_a_clip_that_fails_nothing_is_brought_away(made):
    report = made("memory://out", lambda path: UserError(f"{path}: is bad")).work(CLIP, "a")
    assert report.is_failed and report.values["error"] == f"{CLIP}: is bad" and report.said == f"error: {CLIP}: is bad"
    assert not files_in("memory://out/a")


def test_a_fault_of_ours_comes_with_its_traceback(made):
    report = made("memory://out", lambda path: ZeroDivisionError("by zero")).work(CLIP, "a")
    assert report.is_failed and "Traceback" in report.said and report.values["error"] == f"{CLIP}: ZeroDivisionError('by zero')"


def test_a_clip_that_is_not_there_is_told(made):
    report = made("memory://out").work("memory://clips/none.mp4", "none")
    assert report.is_failed and "expected a file or folder there, found none" in report.values["error"] and not made.seen


def test_what_is_finished_is_not_done_again_until_the_clip_changes(made):
    assert not made("memory://out", resume=True).work(CLIP, "a").was_finished
    report = made("memory://out", resume=True).work(CLIP, "a")
    assert report.was_finished and report.values["state"] == "done" and len(made.seen) == 1
    write_whole(CLIP, b"another clip")
    assert not made("memory://out", resume=True).work(CLIP, "a").was_finished and len(made.seen) == 2


def test_a_clip_is_not_overwritten_by_its_results(made, tmp_path):
    (tmp_path / "a").mkdir()
    clip = tmp_path / "a" / "frames.csv"
    clip.write_text("a clip")
    report = made(tmp_path).work(str(clip), "a")
    assert report.is_failed and "would overwrite it" in report.values["error"] and clip.read_text() == "a clip"


def test_paths_of_this_machine_are_worked_on_where_they_lie(made, tmp_path):
    (tmp_path / "a.mp4").write_text("a clip")
    assert made(tmp_path / "out").work(str(tmp_path / "a.mp4"), "a", "a.mp4").values["state"] == "done"
    assert made.seen == [tmp_path / "a.mp4"] and is_file(str(tmp_path / "out" / "a" / "result.json"))


def test_files_of_another_analysis_go_and_those_of_the_same_stay(made):
    write_whole("memory://out/a/report.html", b"earlier")
    assert made("memory://out").work(CLIP, "a").values["state"] == "done"
    assert not is_file("memory://out/a/report.html")
    write_whole("memory://out/a/report.html", b"the same")
    assert made("memory://out").work(CLIP, "a").values["state"] == "done"
    assert is_file("memory://out/a/report.html")


def test_a_clip_beside_its_results_stays(made, tmp_path):
    (tmp_path / "a").mkdir()
    clip = tmp_path / "a" / "annotated.mp4"
    clip.write_text("a clip")
    assert made(str(tmp_path)).work(str(clip), "a").values["state"] == "done"
    assert clip.read_text() == "a clip"
