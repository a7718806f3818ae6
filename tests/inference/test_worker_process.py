"""The programs in a process of their own: the same outputs, the same refusals, and no process that outlives its use."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.pipeline import Recognizer
from image_classification.CFC_SP.inference.programs import Programs
from image_classification.CFC_SP.inference.worker_process import ProgramsApart
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from tests import clips


@pytest.fixture(scope="module")
def bundle(lite):
    return open_bundle(lite)


@pytest.fixture(scope="module")
def apart(bundle):
    return ProgramsApart(bundle, "cpu")


def has_ended(process: int) -> bool:
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_outputs_are_those_of_this_process(bundle, apart):
    here = Programs(bundle, "cpu")
    assert (apart.device, apart.engine, apart.fell_back) == (here.device, here.engine, here.fell_back)
    crops = example_crops(bundle.manifest["crop"]["size"], bundle.manifest["batch"])
    logits = apart.frame(crops)
    for found, expected in zip(logits, here.frame(crops), strict=True):
        np.testing.assert_array_equal(found, expected)
    arrays = [*logits, np.arange(len(crops)) % 5 > 0, np.array([8])]
    for found, expected in zip(apart.sequence(*arrays), here.sequence(*arrays), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert apart.seconds > 0


def test_runs_answer_whoever_asked(bundle, apart):
    """In whatever order they are fetched, and whatever else is asked for meanwhile."""
    size = bundle.manifest["crop"]["size"]
    batches = [np.full((1, size, size, 3), value, np.uint8) + example_crops(size, 1) // 2 for value in (0, 60, 120)]
    alone = [apart.frame(batch)[0] for batch in batches]
    runs = [apart.begin_frame(batch) for batch in batches]
    coarse, negative = np.zeros((1, 3, 5), np.float32), np.zeros((1, 3, 4), np.float32)
    labels = apart.sequence(coarse, negative, np.ones(3, bool), np.array([0]))[0]
    assert labels.shape == (3,)
    for number in (2, 0, 1):
        np.testing.assert_array_equal(runs[number]()[0], alone[number])


@pytest.mark.parametrize("choice", [("tpu",), ("cpu", "fast"), ("cpu", "paddle", "float8")])
def test_what_programs_refuse_is_refused(bundle, choice):
    programs = ProgramsApart(bundle, *choice)
    with pytest.raises(UserError, match=choice[-1]):
        programs.ready()


def test_our_own_fault_shows_where(apart, bundle):
    programs = ProgramsApart(bundle, "cpu")
    with pytest.raises(Exception) as caught:
        programs.frame(np.zeros((1, 2), np.uint8))
    assert not isinstance(caught.value, UserError)
    assert "programs.py" in caught.value.__notes__[0]


def test_a_process_ended_from_outside_is_said(bundle):
    programs = ProgramsApart(bundle, "cpu")
    programs.ready()
    programs._child.kill()
    with pytest.raises(UserError, match="ended from outside"):
        for _ in range(3):
            programs.frame(example_crops(bundle.manifest["crop"]["size"], 1))


def test_the_process_ends_with_the_object(bundle):
    programs = ProgramsApart(bundle, "cpu")
    child = programs.ready() and programs._child.pid
    del programs
    gc.collect()
    assert has_ended(child)


def test_the_process_ends_with_a_killed_maker(lite):
    """And a script needs no guard around its main part."""
    script = f"""
        from image_classification.CFC_SP.inference.worker_process import ProgramsApart
        from image_classification.CFC_SP.inference.bundle import open_bundle
        programs = ProgramsApart(open_bundle({str(lite)!r}), "cpu")
        programs.ready()
        print(programs._child.pid, flush=True)
        input()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as maker:
        child = int(maker.stdout.readline())
        # Ctrl-C is for the maker alone.
        os.kill(child, signal.SIGINT)
        os.kill(child, 0)
        maker.kill()
    assert has_ended(child)


def test_a_clip_says_the_same_here_and_apart(bundle, apart):
    """To the last bit, and also where no face is sent to the networks before its frame is done."""
    here = Recognizer(bundle, Programs(bundle, "cpu"))
    late = Recognizer(bundle, Programs(bundle, "cpu"))
    late._follower._found = lambda seen: None
    rows = []
    for recognizer in (here, Recognizer(bundle, apart), late):
        with open_video(clips.real_clip("carphone_pristine.mp4")) as reader:
            rows.append(list(recognizer.results(reader, 30)))
    assert rows[0] == rows[1]
    assert sum(len(row.faces) for row in rows[0]) > 50
    for row, same in zip(rows[0], rows[2], strict=True):
        assert [(face.track, face.box, face.label) for face in row.faces] == [(face.track, face.box, face.label) for face in same.faces]
        for face, other in zip(row.faces, same.faces, strict=True):
            np.testing.assert_allclose(face.probabilities, other.probabilities, atol=1e-4)


def test_a_clip_is_read_without_importing_paddle_and_leaves_no_process(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.pictures(3))
    script = f"""
        import sys
        from image_classification.CFC_SP import predict_video
        import gc
        from pathlib import Path
        gc.disable()
        assert predict_video({str(clip)!r}).summary.engine
        assert not [word for task in Path("/proc/self/task").glob("*") for word in (task / "children").read_text().split()]
        sys.exit("paddle" in sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
