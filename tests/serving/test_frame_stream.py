# SPDX-License-Identifier: Apache-2.0
"""The frames of one camera, with a desk that answers when it is told to."""

import asyncio

from image_classification.CFC_SP.serving.frame_stream import FrameStream
from image_classification.CFC_SP.serving.server_metrics import ServerMetrics
from image_classification.CFC_SP.serving.settings import Limits


class Desk:
    is_ready = True

    def __init__(self):
        self.asked, self.answer = [], asyncio.Event()

    async def ask(self, message: dict, payload: bytes = b"") -> dict:
        self.asked.append(payload)
        await self.answer.wait()
        return {"faces": []}


def test_an_answer_is_owed_from_a_frame_s_coming_to_its_answer_and_the_latest_frame_wins():
    async def story():
        desk = Desk()
        frames = FrameStream(desk, ServerMetrics(), Limits())
        assert not frames.owes_an_answer
        frames.put(b"first", 10.0)
        assert frames.owes_an_answer
        answering = asyncio.create_task(frames.next_answer())
        while not desk.asked:
            await asyncio.sleep(0)
        assert frames.owes_an_answer
        frames.put(b"second", 10.1)
        frames.put(b"third", 10.2)
        desk.answer.set()
        assert (await answering)["frame"] == 0 and frames.owes_an_answer
        last = await frames.next_answer()
        assert (last["frame"], last["dropped"], last["time_s"]) == (2, 1, 0.2)
        assert desk.asked == [b"first", b"third"] and not frames.owes_an_answer

    asyncio.run(story())
