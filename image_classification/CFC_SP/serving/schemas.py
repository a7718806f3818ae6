# SPDX-License-Identifier: Apache-2.0
"""What the server answers, as OpenAPI describes it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..core.labels import EXPR
from ..writers.output import FILES
from .settings import Limits

_ID = "0c8d0b8f3a1e4d7c9b6a5f4e3d2c1b0a"
_FACE = {
    "track": 1,
    "box": [52.1, 20.4, 118.9, 102.7],
    "face_score": 0.999812,
    "label": "Happiness",
    "confidence": 0.93,
    "coarse": "Happiness",
    "raw_label": "Happiness",
    "probabilities": {name: 0.93 if name == "Happiness" else 0.01 for name in EXPR},
}


def _example(**values) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class ProblemAnswer(BaseModel):
    """An error (RFC 9457); `detail` is one sentence for a person."""

    model_config = _example(type="about:blank", title="Not Found", status=404, detail="no clip has this id: it has expired or been removed")
    type: str
    title: str
    status: int
    detail: str


class ProgressAnswer(BaseModel):
    """How far the work on a clip is. stage: "reading" or "drawing". share: from 0 to 1. left_s: about how many seconds are left."""

    stage: str
    frames: int
    expected: int | None
    share: float | None
    left_s: float | None


class ClipSource(BaseModel):
    """What the container says of the clip; width and height in pixels as displayed."""

    codec: str
    width: int
    height: int
    fps: float
    duration_s: float | None


class ResultFile(BaseModel):
    """A file to fetch from `url`, in parts (Range) if wanted."""

    name: str
    bytes: int
    url: str


class ClipAnswer(BaseModel):
    """A clip. state: "waiting", "working", "done" or "failed". place: in the queue, 1 is next. error: why it failed. expires_s: seconds
    until its results go, if room does not run out before."""

    model_config = _example(
        id=_ID,
        name="clip.mp4",
        state="working",
        place=None,
        progress={"stage": "reading", "frames": 120, "expected": 300, "share": 0.2, "left_s": 4.1},
        source={"codec": "h264", "width": 1280, "height": 720, "fps": 30.0, "duration_s": 10.0},
        files=[],
        error=None,
        expires_s=None,
    )
    id: str
    name: str
    state: str
    place: int | None
    progress: ProgressAnswer | None
    source: ClipSource | None
    files: list[ResultFile]
    error: str | None
    expires_s: int | None


class FaceAnswer(BaseModel):
    """A face: x1, y1, x2, y2 in pixels, the label, and eight probabilities by class that sum to 1."""

    model_config = _example(**_FACE)
    track: int
    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    face_score: float
    label: str
    confidence: float
    coarse: str
    raw_label: str
    probabilities: dict[str, float]


class PictureAnswer(BaseModel):
    """The faces of a picture, from left to right; its size in pixels, upright."""

    model_config = _example(width=176, height=144, faces=[_FACE])
    width: int
    height: int
    faces: list[FaceAnswer]


class LimitsAnswer(BaseModel):
    """How much the server takes: docs of each limit name its option."""

    model_config = _example(clip_bytes=500000000, picture_bytes=20000000, frame_bytes=2000000, seconds=600.0, pixels=9000000)
    clip_bytes: int
    picture_bytes: int
    frame_bytes: int
    seconds: float
    pixels: int


class AboutAnswer(BaseModel):
    """What this server is and takes. classes: in the order of the method. formats: what `formats` of a clip may name. sample: whether
    /v1/sample has a clip to try."""

    model_config = _example(
        version="0.1.0",
        classes=list(EXPR),
        formats=list(FILES),
        sample=True,
        limits={"clip_bytes": 500000000, "picture_bytes": 20000000, "frame_bytes": 2000000, "seconds": 600.0, "pixels": 9000000},
    )
    version: str
    classes: list[str]
    formats: list[str]
    sample: bool
    limits: LimitsAnswer


def limits_answer(limits: Limits) -> LimitsAnswer:
    """The limits that a client should know."""
    return LimitsAnswer(**{name: getattr(limits, name) for name in LimitsAnswer.model_fields})
