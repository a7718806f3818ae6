# SPDX-License-Identifier: Apache-2.0
"""The addresses of clips: send one, ask after it, follow it, fetch its files, remove it."""

import asyncio
import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from ..core.kinds import KINDS
from ..prediction.options import SEARCHES
from ..writers.hiding import HIDINGS
from ..writers.output import FILES, MEDIA_TYPES
from .clip_events import clip_events
from .clip_store import FAILED, StoredClip
from .problems import Problem
from .report_policy import report_policy
from .route_parts import BODY, PART, SentFile, address_of, check_parameters, problems, sent_file
from .schemas import ClipAnswer
from .service import Service

_SMOOTHINGS, _SEARCHES, _HIDINGS = {"enum": list(KINDS)}, {"enum": list(SEARCHES)}, {"enum": list(HIDINGS)}
_EVENTS = """Server-Sent Events; `data` is JSON.

- `state`: the clip (schema `ClipAnswer`), first of all and whenever it has changed; `{"state": "cancelled"}` where it was removed.
- `rows`: an array of rows (schema `RowAnswer`) that come after those before it. It alone has an `id`.
- `restart`: `{}`; the clip is begun again, and rows before it do not count.

The stream ends after the state `done`, `failed` or `cancelled`. Where it breaks off before, ask again with `Last-Event-ID`, the `id` of the
last event that had one, and get what follows; after an id that the server does not know all rows come again. Comments
(lines that begin with a colon) keep the connection alive."""
_STREAM = {
    HTTPStatus.OK.value: {
        "description": _EVENTS,
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 1.2048\nevent: rows\ndata: [{"frame": 0, "time_s": 0.0, "track": 1, "label": "Happiness"}]\n\n',
            }
        },
    }
}
_MEDIA = tuple(dict.fromkeys(MEDIA_TYPES.values()))
_ACCEPTED = {HTTPStatus.ACCEPTED.value: {"headers": {"Location": {"description": "the clip's address", "schema": {"type": "string"}}}}}


def clip_routes(service: Service) -> APIRouter:
    """The routes below /v1/clips."""
    routes = APIRouter(prefix="/v1/clips", tags=["clips"])

    @routes.post(
        "",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[Depends(check_parameters)],
        openapi_extra=BODY,
        responses=_ACCEPTED | problems(400, 408, 413, 415, 429, 503),
    )
    async def send_a_clip(
        request: Request,
        response: Response,
        name: Annotated[str, Query(max_length=1000, description="what results call the clip", examples=["clip.mp4"])] = "clip",
        formats: Annotated[
            str, Query(max_length=200, description=f"files to make, separated by commas: {', '.join(FILES)}")
        ] = "csv,json,mp4,html",
        start: Annotated[
            str | None, Query(max_length=20, description="seconds or h:mm:ss from the first frame on", examples=["1.5", "0:01:30"])
        ] = None,
        end: Annotated[str | None, Query(max_length=20, description="likewise; frames from here on are left out")] = None,
        stride: Annotated[int, Query(ge=1, le=10_000, description="every Nth frame is looked at")] = 1,
        window: Annotated[int | None, Query(ge=0, le=1_000_000, description="smoothing, in frames at 30 fps; 0: off")] = None,
        smoothing: Annotated[
            str | None, Query(max_length=20, description="how; without it, as the server's bundle says", json_schema_extra=_SMOOTHINGS)
        ] = None,
        prior: Annotated[
            str | None, Query(max_length=20, description="data, or a power from 0 to 2: of the classes' shares in the training data")
        ] = None,
        search: Annotated[
            str, Query(max_length=20, description="every: each whole frame is searched for faces", json_schema_extra=_SEARCHES)
        ] = "auto",
        min_confidence: Annotated[float | None, Query(ge=0, le=1, description="of segments in vtt and srt")] = None,
        min_segment: Annotated[float | None, Query(ge=0, le=1e9, description="seconds, of segments in vtt and srt")] = None,
        hide: Annotated[
            str | None, Query(max_length=20, description="how faces are hidden; without it, they are shown", json_schema_extra=_HIDINGS)
        ] = None,
    ) -> ClipAnswer:
        """Puts a clip into the queue. The body is the file itself, whatever FFmpeg decodes."""
        service.spend(address_of(request))
        asked = {"start": start, "end": end, "stride": stride, "window": window, "smoothing": smoothing, "prior": prior, "search": search}
        asked |= {"min_confidence": min_confidence, "min_segment": min_segment, "hide": hide}
        clip = await service.add_clip(request, name, formats, asked)
        response.headers["Location"] = f"/v1/clips/{clip.id}"
        return answer(clip)

    @routes.get("/{clip_id}", responses=problems(404))
    async def look_at_a_clip(clip_id: str) -> ClipAnswer:
        """The state of a clip: its place in the queue, its progress, its files."""
        return answer(found(clip_id))

    @routes.get("/{clip_id}/events", response_class=StreamingResponse, responses=_STREAM | problems(404, 503))
    async def follow_a_clip(clip_id: str, last_event_id: Annotated[str, Header(description="of the last event that was seen")] = ""):
        """The state of a clip whenever it changes, and its rows as they are decided, as Server-Sent Events, until it has ended."""
        found(clip_id)
        service.watchers.check()

        async def events():
            with service.watchers.one():
                async for event in clip_events(service.store, service.queue, clip_id, described, last_event_id, service.closing):
                    yield event

        return StreamingResponse(events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @routes.get("/{clip_id}/files/{name}", response_class=SentFile, responses=sent_file(*_MEDIA), openapi_extra=PART)
    async def fetch_a_file(
        clip_id: str,
        name: str,
        download: Annotated[bool, Query(description="to keep, not to show")] = False,
    ):
        """A file of a clip's results, or a part of it. `files` of the clip names those that there are."""
        clip = found(clip_id)
        path = service.store.files(clip.id).get(name)
        if path is None:
            names = ", ".join(service.store.files(clip.id)) or "none yet"
            raise Problem(HTTPStatus.NOT_FOUND, f"expected one of this clip's files, found another name: there are {names}")
        kind = "attachment" if download else "inline"
        stem = clip.name.rpartition(".")[0] or clip.name
        # What it imports at first takes a moment, in which others are answered.
        headers = await asyncio.to_thread(report_policy) if name == FILES["html"] else {}
        return SentFile(path, media_type=MEDIA_TYPES[name], filename=f"{stem}-{name}", content_disposition_type=kind, headers=headers)

    @routes.delete("/{clip_id}", status_code=HTTPStatus.NO_CONTENT, response_class=Response, responses=problems(404))
    async def remove_a_clip(clip_id: str) -> None:
        """Cancels a clip that waits or is worked on, and removes all there is of it."""
        service.queue.remove(found(clip_id))

    def found(clip_id: str) -> StoredClip:
        clip = service.store.get(clip_id)
        if clip is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no clip has this id: it has expired or been removed")
        return clip

    def described(clip: StoredClip) -> dict:
        return answer(clip).model_dump(mode="json")

    def answer(clip: StoredClip) -> ClipAnswer:
        ended = clip.finished_s is not None
        files = service.store.files(clip.id).items() if ended and clip.state != FAILED else ()
        return ClipAnswer(
            id=clip.id,
            name=clip.name,
            state=clip.state,
            **service.queue.describe(clip),
            source=clip.source,
            files=[{"name": name, "bytes": path.stat().st_size, "url": f"/v1/clips/{clip.id}/files/{name}"} for name, path in files],
            error=clip.error,
            expires_s=max(0, round(clip.finished_s + service.limits.keep_s - time.time())) if ended else None,
        )

    return routes
