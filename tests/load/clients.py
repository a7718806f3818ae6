# SPDX-License-Identifier: Apache-2.0
"""Fifty clients of a server: patient, slow, aborted and hostile ones."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from pathlib import Path

import httpx2
import websockets

from tests import clips

CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


class Clients:
    """answers: status codes by kind of client. seconds: of pictures and frames. faults: what should not have been. address: the server's,
    without http://. end_s: when they stop, on the clock of time.monotonic."""

    def __init__(self, address: str, clip: Path, end_s: float):
        self._address, self._clip, self._end_s = address, clip.read_bytes(), end_s
        self._picture = clips.jpeg_of_first_frame(clip)
        self.answers: dict[str, Counter] = defaultdict(Counter)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.faults: list[str] = []

    async def run(self) -> None:
        """All of them, until the end."""
        kinds = {self.picture: 12, self.camera: 6, self.clip: 14, self.cancel: 4, self.slow: 4, self.abort: 5, self.hostile: 5}
        async with asyncio.TaskGroup() as group:
            for kind, count in kinds.items():
                for number in range(count):
                    group.create_task(self._again(kind, random.Random(f"{kind.__name__} {number}")))

    async def _again(self, kind, draw: random.Random) -> None:
        async with httpx2.AsyncClient(base_url=f"http://{self._address}", timeout=300) as http:
            while time.monotonic() < self._end_s:
                try:
                    await kind(http, draw)
                except (OSError, httpx2.HTTPError, websockets.WebSocketException) as fault:
                    self.answers[kind.__name__][type(fault).__name__] += 1
                await asyncio.sleep(draw.random())

    def _count(self, kind: str, answer) -> bool:
        """Counts an answer, and says whether it is no refusal."""
        self.answers[kind][answer.status_code] += 1
        if answer.status_code >= 500 and not (answer.status_code == 503 and "retry-after" in answer.headers):
            self.faults.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code < 400

    async def picture(self, http, draw) -> None:
        """Sends a picture and waits for its answer."""
        begin = time.monotonic()
        if self._count("picture", await http.post("/v1/pictures", content=self._picture)):
            self.seconds["picture"].append(time.monotonic() - begin)

    async def camera(self, http, draw) -> None:
        """Sends ten frames a second for a while."""
        try:
            async with websockets.connect(f"ws://{self._address}/v1/stream") as socket:
                sent: dict[int, float] = {}
                sending = asyncio.create_task(self._film(socket, sent, draw.randint(20, 100)))
                try:
                    async for message in socket:
                        number = int(message.partition('"frame":')[2].partition(",")[0])
                        self.seconds["frame"].append(time.monotonic() - sent[number])
                        self.answers["camera"]["error" if '"error"' in message else "frame"] += 1
                finally:
                    sending.cancel()
        except websockets.InvalidStatus as refused:
            self.answers["camera"][refused.response.status_code] += 1
            if refused.response.status_code != 503:
                self.faults.append(f"camera: {refused.response.status_code}")
            await asyncio.sleep(2)

    async def _film(self, socket, sent: dict[int, float], count: int) -> None:
        for number in range(count):
            sent[number] = time.monotonic()
            await socket.send(self._picture)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        await socket.close()

    async def _send(self, http, kind: str) -> str | None:
        answer = await http.post("/v1/clips", content=self._clip, params={"formats": "csv", "name": "load.mp4"})
        if self._count(kind, answer):
            return answer.json()["id"]
        await asyncio.sleep(float(answer.headers.get("retry-after", 1)) * random.random())
        return None

    async def clip(self, http, draw) -> None:
        """Sends a clip, waits for its end by asking or by events, and fetches a file."""
        clip_id = await self._send(http, "clip")
        if clip_id is None:
            return
        places = []
        if draw.random() < 0.3:
            async with http.stream("GET", f"/v1/clips/{clip_id}/events") as answer:
                if self._count("events", answer if answer.status_code < 400 else await _read(answer)):
                    async for _ in answer.aiter_bytes():
                        pass
        while True:
            answer = await http.get(f"/v1/clips/{clip_id}")
            if not self._count("state", answer):
                self.faults.append(f"clip: {answer.text[:200]}")
                return
            clip = answer.json()
            places += [clip["place"]] if clip["place"] else []
            if clip["state"] in ("done", "failed"):
                break
            await asyncio.sleep(0.5)
        if places != sorted(places, reverse=True):
            self.faults.append(f"clip: its place in the queue went back: {places}")
        if clip["state"] != "done":
            self.faults.append(f"clip: {clip['error']}")
        self._count("file", await http.get(f"/v1/clips/{clip_id}/files/frames.csv", headers={"Range": "bytes=0-999"}))

    async def cancel(self, http, draw) -> None:
        """Sends a clip and removes it at some moment."""
        clip_id = await self._send(http, "cancel")
        if clip_id is not None:
            await asyncio.sleep(draw.random() * 8)
            self._count("cancel", await http.delete(f"/v1/clips/{clip_id}"))

    async def slow(self, http, draw) -> None:
        """Sends a clip in small pieces."""

        async def drops():
            for start in range(0, len(self._clip), 4096):
                yield self._clip[start : start + 4096]
                await asyncio.sleep(0.2)

        self._count("slow", await http.post("/v1/clips", content=drops(), params={"formats": "csv"}))

    async def abort(self, http, draw) -> None:
        """Goes away in the midst of an upload, of a line, or of a stream."""
        host, _, port = self._address.partition(":")
        heads = (
            f"POST /v1/clips HTTP/1.1\r\nHost: {self._address}\r\nContent-Length: 900000\r\n\r\n".encode() + self._clip[:50_000],
            f"POST /v1/pictures HTTP/1.1\r\nHost: {self._address}\r\nContent-Length: {len(self._picture)}\r\n\r\n".encode() + self._picture,
            f"POST /v1/clips HTTP/1.1\r\nHost: {self._address}\r\nContent-Length: 1{'0' * 12}\r\n\r\n".encode(),
            b"GET /v1/clips/",
            b"\x16\x03\x01 no HTTP at all\r\n\r\n",
            f"GET /v1/stream HTTP/1.1\r\nHost: {self._address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode(),
        )
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(draw.choice(heads))
        await asyncio.sleep(draw.random())
        writer.transport.abort()
        self.answers["abort"]["gone"] += 1

    async def hostile(self, http, draw) -> None:
        """Sends what is no clip, what is too large, and what is no HTTP."""
        bad = draw.choice(
            (PLAYLIST, b"", bytes(200_000), self._clip[:20_000], draw.randbytes(5000), b"ffconcat version 1.0\nfile /etc/passwd\n")
        )
        tries = (
            lambda: http.post("/v1/clips", content=bad, params={"name": "../../../etc/passwd\x00"}),
            lambda: http.post("/v1/pictures", content=bad),
            lambda: http.get("/v1/clips/..%2f..%2fstate.sqlite/files/%2e%2e%2fupload"),
            lambda: http.post("/v1/clips", content=b"x", headers={"Origin": "http://evil.example"}),
            lambda: http.get("/", headers={"Host": "evil.example"}),
            lambda: http.request("BREW", "/v1/clips"),
            lambda: http.get("/v1/clips/x/events", headers={"Last-Event-ID": "9" * 5000}),
        )
        answer = await draw.choice(tries)()
        if self._count("hostile", answer):
            self.faults.append(f"hostile: {answer.status_code} {answer.text[:200]}")


async def _read(answer):
    await answer.aread()
    return answer
