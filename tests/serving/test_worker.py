# SPDX-License-Identifier: Apache-2.0
"""A worker process: it answers, tells what it cannot, and ends with the server."""

import asyncio

import pytest

from image_classification.CFC_SP.serving import worker_link
from image_classification.CFC_SP.serving.worker_desk import WorkerDesk
from image_classification.CFC_SP.serving.worker_link import LOOKS, WorkerEndedError, WorkerLink
from image_classification.CFC_SP.support.files import is_alive
from tests.events import wait_until
from tests.serving.fake_recognizer import FAKE


def test_it_answers_refuses_and_is_started_again(tmp_path, clip):
    async def story():
        restarts = []
        desk = WorkerDesk("check", (FAKE, {}), lambda: restarts.append(1))
        assert not desk.is_ready
        asked = {"path": str(clip), "name": "a.mp4", "pixels": 10_000, "seconds": 60}
        answers = await asyncio.gather(desk.ask(asked), desk.ask(asked | {"pixels": 5}), desk.ask(asked))
        assert answers[0] == answers[2] and answers[0]["source"]["fps"] == 30.0
        assert (
            "at most 5 pixels" in answers[1]["error"] and "'a.mp4'" in answers[1]["error"] and str(clip.parent) not in answers[1]["error"]
        )
        # A fault of our own is told as one, and the next question is answered.
        assert "fault of its own" in (await desk.ask({"path": str(clip), "name": "a"}))["error"]
        # Who does not wait for the answer leaves none to the next one.
        impatient = asyncio.create_task(desk.ask(asked | {"pixels": 5}))
        await asyncio.sleep(0)
        impatient.cancel()
        assert "source" in await desk.ask(asked)
        desk._link.kill()
        with pytest.raises(WorkerEndedError):
            await desk.ask(asked)
        assert restarts and "source" in await desk.ask(asked)
        await desk.close()

    asyncio.run(story())


def test_a_worker_that_ends_while_nobody_asks_takes_no_try_from_the_next(clip):
    asked = {"path": str(clip), "name": "a.mp4", "pixels": 10_000, "seconds": 60}

    async def story():
        restarts = []
        desk = WorkerDesk("check", (FAKE, {}), lambda: restarts.append(1))
        await desk.open()
        desk._link.kill()
        await asyncio.to_thread(wait_until, lambda: desk._link.has_ended)
        assert "source" in await desk.ask(asked) and restarts == [1]
        assert await desk._link.idle_until(asyncio.sleep(0, "work")) == "work"
        asyncio.get_running_loop().call_later(0.1, desk._link.kill)
        with pytest.raises(WorkerEndedError):
            await desk._link.idle_until(asyncio.Event().wait())
        await desk.close()

    asyncio.run(story())


def test_a_worker_that_is_lost_while_it_loads_or_ends_idle_is_started_again_by_nobody_s_question(tmp_path):
    """A server that does not say that it is ready is asked nothing, and would stay so."""
    lost = tmp_path / "lost"
    lost.touch()

    async def story():
        restarts = []
        desk = WorkerDesk("live", (FAKE, {"lost": str(lost)}), lambda: restarts.append(1))
        keeping = asyncio.create_task(desk.keep())
        await asyncio.to_thread(wait_until, lambda: desk.is_ready)
        assert not lost.exists()
        ended = desk._link
        ended.kill()
        await asyncio.to_thread(wait_until, lambda: ended.has_ended)
        assert not desk.is_ready or desk._link is not ended
        await asyncio.to_thread(wait_until, lambda: desk.is_ready)
        assert restarts == [1]
        keeping.cancel()
        await desk.close()

    asyncio.run(story())


def test_a_worker_is_given_up_for_what_it_computes_and_not_for_the_time_it_takes(monkeypatch):
    computed = []

    def looked(_process):
        # It computes a little, as on a busy machine, for far more looks than an idle one is given; then no more.
        computed.append(min(len(computed), 3 * LOOKS) * 1e-9)
        return computed[-1]

    monkeypatch.setattr(worker_link, "computed_s", looked)

    async def story():
        link = await WorkerLink.start("live", (FAKE, {}))
        assert await link.receive() == {"ready": True}
        with pytest.raises(WorkerEndedError, match="does not answer"):
            await link.receive(0.02)
        assert len(computed) == 4 * LOOKS + 1
        monkeypatch.setattr(worker_link, "computed_s", lambda _process: computed.append(0) or len(computed))
        del computed[:]
        with pytest.raises(WorkerEndedError, match="does not answer"):
            await link.receive(0.02)
        assert len(computed) == 2
        await link.close()

    asyncio.run(story())


def test_networks_that_are_lost_while_they_are_loaded_are_no_refusal(tmp_path):
    """A server ends when its recognizer is refused, and must not because a process was killed."""
    lost = tmp_path / "lost"
    lost.touch()

    async def story():
        link = await WorkerLink.start("clips", (FAKE, {"lost": str(lost)}))
        with pytest.raises(WorkerEndedError):
            await link.receive()
        await link.close()
        again = await WorkerLink.start("clips", (FAKE, {"lost": str(lost)}))
        assert await again.receive() == {"ready": True}
        await again.close()

    asyncio.run(story())


def test_a_recognizer_that_cannot_be_had_is_told_and_a_worker_ends_with_the_server():
    async def story():
        link = await WorkerLink.start("clips", (FAKE, {"refused": "no such device"}))
        assert await link.receive() == {"refused": "no such device"}
        await link.close()
        link = await WorkerLink.start("live", (FAKE, {}))
        assert await link.receive() == {"ready": True}
        # As when the server is killed: its end of the socket is closed, and nothing is said.
        link._writer.transport.abort()
        await asyncio.to_thread(wait_until, lambda: link._process.poll() is not None)
        assert not is_alive(link.pid)

    asyncio.run(story())
