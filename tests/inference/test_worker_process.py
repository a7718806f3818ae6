# SPDX-License-Identifier: Apache-2.0
"""The programs in a process of their own: the same outputs, the same refusals, and no process that outlives its use."""

import gc
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from image_classification.CFC_SP.inference import worker_process
from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.mode import mode_of
from image_classification.CFC_SP.inference.programs import LocalPredictor
from image_classification.CFC_SP.inference.worker_process import WorkerPredictor
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.interrupts import SIGNALS
from tests.events import wait_until
from tests.inference import light_programs


@pytest.fixture(scope="module")
def bundle(lite):
    return open_bundle(lite)


@pytest.fixture(scope="module")
def worker(bundle):
    predictor = WorkerPredictor(bundle, "cpu")
    yield predictor
    predictor.close()


@pytest.fixture
def light(monkeypatch):
    """Workers start quickly, and their programs compute next to nothing."""
    monkeypatch.setattr(worker_process, "_START", light_programs.START)


@pytest.fixture
def own(bundle, light):
    """A worker of the test's own, which it may harm."""
    predictor = WorkerPredictor(bundle, "cpu")
    predictor.status()
    yield predictor
    predictor.close()


def run(predictor, name, *arrays):
    return predictor.begin(name, *arrays).result()


def crops_of(bundle, count):
    return example_crops(bundle.manifest["crop"]["size"], count)


def has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_outputs_are_those_of_this_process(bundle, worker):
    here = LocalPredictor(bundle, "cpu")
    assert worker.status() == here.status()
    crops = crops_of(bundle, bundle.manifest["batch"])
    logits = run(worker, "frame", crops)
    for found, expected in zip(logits, run(here, "frame", crops), strict=True):
        np.testing.assert_array_equal(found, expected)
    arrays = [*logits, np.arange(len(crops)) % 5 > 0, np.array([8]), *mode_of(bundle).inputs]
    for found, expected in zip(run(worker, "sequence", *arrays), run(here, "sequence", *arrays), strict=True):
        np.testing.assert_array_equal(found, expected)
    here.close()


def test_runs_answer_whoever_asked(bundle, worker):
    """In whatever order they are fetched, and whatever else is asked for meanwhile."""
    size = bundle.manifest["crop"]["size"]
    batches = [np.full((1, size, size, 3), value, np.uint8) + example_crops(size, 1) // 2 for value in (0, 60, 120)]
    alone = [run(worker, "frame", batch)[0] for batch in batches]
    runs = [worker.begin("frame", batch) for batch in batches]
    coarse, negative = np.zeros((1, 3, 5), np.float32), np.zeros((1, 3, 4), np.float32)
    labels = run(worker, "sequence", coarse, negative, np.ones(3, bool), np.array([0]), *mode_of(bundle).inputs)[0]
    assert labels.shape == (3,)
    for number in (2, 0, 1):
        np.testing.assert_array_equal(runs[number].result()[0], alone[number])
        assert runs[number].seconds > 0


def test_answers_that_nobody_wants_any_more_are_dropped(bundle, worker):
    for _ in range(5):
        worker.begin("frame", crops_of(bundle, 1))
    run(worker, "frame", crops_of(bundle, 1))
    assert not worker._worker._answers_waiting


def test_threads_share_it(bundle, worker):
    batches = [np.roll(crops_of(bundle, 2), shift, axis=1) for shift in range(8)]
    expected = [run(worker, "frame", batch)[0] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: run(worker, "frame", batch)[0], batches * 3))
    for outputs, alone in zip(found, expected * 3, strict=True):
        np.testing.assert_array_equal(outputs, alone)


def test_what_programs_refuse_is_refused(bundle):
    predictor = WorkerPredictor(bundle, "cpu", "paddle", "float8")
    for _ in range(2):
        with pytest.raises(UserError, match="float8"):
            predictor.status()
    predictor.close()


def test_our_own_fault_shows_where(own):
    with pytest.raises(Exception) as caught:
        run(own, "no program", np.zeros((1, 2), np.uint8))
    assert not isinstance(caught.value, UserError)
    assert "programs.py" in caught.value.__notes__[0]


def test_a_worker_ended_from_outside_is_said_and_the_next_clip_gets_another(bundle, own):
    expected = run(own, "frame", crops_of(bundle, 1))[0]
    first = own._worker._process
    first.kill()
    first.wait()
    for _ in range(2):
        with pytest.raises(UserError, match="was killed"):
            run(own, "frame", crops_of(bundle, 1))
    own.revive()
    np.testing.assert_array_equal(run(own, "frame", crops_of(bundle, 1))[0], expected)
    second = own._worker._process
    own.revive()
    assert own._worker._process is second and second is not first


def test_a_worker_that_is_stuck_is_ended_and_said(bundle, own, monkeypatch):
    """Stopped while it has something to compute, it computes nothing: that is counted, whatever time passes."""
    os.kill(own._worker._process.pid, signal.SIGSTOP)
    with monkeypatch.context() as hasty, pytest.raises(UserError, match="stopped responding"):
        hasty.setattr(worker_process, "TICK_S", 0.01)
        hasty.setattr(worker_process, "MOST_IDLE_TICKS", 5)
        run(own, "frame", crops_of(bundle, 1))
    own.revive()
    assert run(own, "frame", crops_of(bundle, 1))[0].shape == (1, 1, 5)


def test_a_worker_that_waits_for_work_is_not_stuck(bundle, own):
    """Neither where nothing is asked of it nor where nobody fetches its answer."""
    worker = own._worker
    assert not worker._owes_an_answer()
    os.kill(worker._process.pid, signal.SIGSTOP)
    pending = own.begin("frame", crops_of(bundle, 1))
    assert worker._owes_an_answer()
    os.kill(worker._process.pid, signal.SIGCONT)
    worker._answers.poll(None)
    assert not worker._owes_an_answer()
    pending.result()
    assert not worker._owes_an_answer()


@pytest.mark.usefixtures("light")
def test_the_worker_ends_with_the_object(bundle):
    predictor = WorkerPredictor(bundle, "cpu")
    child = predictor.status() and predictor._worker._process.pid
    del predictor
    gc.collect()
    wait_until(lambda: has_ended(child))


def test_what_a_worker_was_reading_goes_with_it(own, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"cfc-sp-tmp-{own._worker._process.pid}-a").mkdir()
    own.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stopped", [False, True])
def test_the_worker_ends_with_a_killed_maker(lite, stopped):
    """Even where it is stopped and can notice nothing; and a script needs no guard around its main part."""
    script = f"""
        import numpy as np
        from image_classification.CFC_SP.inference import worker_process
        from image_classification.CFC_SP.inference.worker_process import WorkerPredictor
        from image_classification.CFC_SP.inference.bundle import open_bundle
        worker_process._START = {light_programs.START!r}
        predictor = WorkerPredictor(open_bundle({str(lite)!r}), "cpu")
        predictor.status()
        print(predictor._worker._process.pid, flush=True)
        input()
        print(len(predictor.begin("frame", np.zeros((1, 48, 48, 3), np.uint8)).result()), flush=True)
        input()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as maker:
        child = int(maker.stdout.readline())
        # Ctrl-C and its like are for the maker alone.
        for number in SIGNALS:
            os.kill(child, number)
        maker.stdin.write(b"\n")
        maker.stdin.flush()
        # It answers: a worker that one of them ended would not.
        assert maker.stdout.readline() == b"1\n"
        if stopped:
            os.kill(child, signal.SIGSTOP)
        maker.kill()
    wait_until(lambda: has_ended(child))


@pytest.mark.usefixtures("light")
def test_a_thread_that_ends_leaves_the_worker_it_made(bundle):
    with ThreadPoolExecutor(1) as pool:
        predictor = pool.submit(WorkerPredictor, bundle, "cpu").result()
    assert run(predictor, "frame", crops_of(bundle, 1))[0].shape == (1, 1, 5)
    predictor.close()


def test_a_process_that_cannot_be_started_is_said(bundle, monkeypatch):
    def fail(*arguments, **keywords):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", fail)
    with pytest.raises(UserError, match="Cannot allocate memory"):
        WorkerPredictor(bundle, "cpu")
