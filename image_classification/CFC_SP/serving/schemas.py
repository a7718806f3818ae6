# SPDX-License-Identifier: Apache-2.0
"""What the server answers, as OpenAPI describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from ..core.labels import COARSE, EXPR
from ..writers.output import FILES
from ..writers.rows_csv import COLUMNS
from .settings import Limits

_ID = "0c8d0b8f3a1e4d7c9b6a5f4e3d2c1b0a"
_LABEL = Field(json_schema_extra={"enum": list(EXPR)})
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
    """How far the work on a clip is."""

    stage: Annotated[Literal["reading", "drawing"], Field(description="drawing comes after reading, and only for mp4 and html")]
    frames: Annotated[int, Field(description="of this stage, done")]
    expected: Annotated[int | None, Field(description="frames of this stage; null: not known")]
    share: Annotated[float | None, Field(ge=0, le=1, description="of all stages, done")]
    left_s: Annotated[float | None, Field(description="about how many seconds are left")]


class ClipSource(BaseModel):
    """What the container says of the clip."""

    codec: str
    width: Annotated[int, Field(description="pixels, as displayed")]
    height: Annotated[int, Field(description="pixels, as displayed")]
    fps: float
    duration_s: float | None


class ResultFile(BaseModel):
    """A file of a clip's results."""

    name: Annotated[str, Field(json_schema_extra={"enum": list(FILES.values())})]
    bytes: int
    url: Annotated[str, Field(description="where to fetch it: a path on this server")]


class ClipAnswer(BaseModel):
    """A clip. It is `waiting`, then `working`, and ends as `done` or `failed`."""

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
    id: Annotated[str, Field(description="32 hexadecimal digits")]
    name: str
    state: Literal["waiting", "working", "done", "failed"]
    place: Annotated[int | None, Field(description="in the queue, as long as it waits; 1 is next")]
    progress: Annotated[ProgressAnswer | None, Field(description="as long as it is worked on")]
    source: ClipSource | None
    files: Annotated[list[ResultFile], Field(description="once it is done")]
    error: Annotated[str | None, Field(description="one sentence, where it failed")]
    expires_s: Annotated[int | None, Field(description="once it has ended: seconds until it is removed, if room does not run out before")]


class FaceAnswer(BaseModel):
    """A face in a picture or a frame."""

    model_config = _example(**_FACE)
    track: Annotated[int, Field(description="the same for the same person in the frames of a stream")]
    box: Annotated[list[float], Field(min_length=4, max_length=4, description="x1, y1, x2, y2 in pixels")]
    face_score: Annotated[float, Field(description="how sure the detector is, up to 1")]
    label: Annotated[str, _LABEL]
    confidence: Annotated[float, Field(description="the probability of `label`")]
    coarse: Annotated[str, Field(json_schema_extra={"enum": list(COARSE)})]
    raw_label: Annotated[str, _LABEL, Field(description="before smoothing")]
    probabilities: Annotated[dict[str, float], Field(description="of all eight classes, by name; they sum to 1")]


class PictureAnswer(BaseModel):
    """A picture, upright, and its faces from left to right."""

    model_config = _example(width=176, height=144, faces=[_FACE])
    width: int
    height: int
    faces: list[FaceAnswer]


class FrameAnswer(BaseModel):
    """What WS /v1/stream sends for a frame. It has either `faces`, `width`, `height` and `time_s`, or `error`."""

    model_config = _example(frame=7, time_s=0.41, width=176, height=144, faces=[_FACE], dropped=2, took_ms=38.2)
    frame: Annotated[int, Field(description="counts the frames that the client sent, from 0")]
    time_s: Annotated[float, Field(description="when it came, in seconds after the first one")]
    width: Annotated[int | None, Field(description="pixels; missing beside `error`")] = None
    height: Annotated[int | None, Field(description="pixels; missing beside `error`")] = None
    faces: Annotated[list[FaceAnswer] | None, Field(description="missing beside `error`")] = None
    error: Annotated[str | None, Field(description="why the frame was not looked at, in one sentence; later ones are")] = None
    dropped: Annotated[int, Field(description="how many frames so far were not looked at since a later one had come")]
    took_ms: Annotated[float, Field(description="from the frame's arrival to this answer")]


_ROW_TYPES = {"frame": int, "time_s": float, "track": int | None, **dict.fromkeys(("label", "coarse", "raw_label"), str | None)}
RowAnswer = create_model(
    "RowAnswer",
    __doc__="A row of an event `rows`, as in result.json: a face in a frame. A frame without a face has one row, in which all but `frame` "
    "and `time_s` is null.",
    **{name: (_ROW_TYPES.get(name, float | None), ...) for name in COLUMNS},  # type: ignore[call-overload]
)


class LimitsAnswer(BaseModel):
    """How much the server takes."""

    model_config = _example(clip_bytes=500000000, picture_bytes=20000000, frame_bytes=2000000, seconds=600.0, pixels=9000000)
    clip_bytes: int
    picture_bytes: int
    frame_bytes: Annotated[int, Field(description="of one message to WS /v1/stream")]
    seconds: Annotated[float, Field(description="length of a clip")]
    pixels: Annotated[int, Field(description="width times height of a frame or picture")]


class AboutAnswer(BaseModel):
    """What this server is and takes."""

    model_config = _example(
        version="0.1.0",
        classes=list(EXPR),
        formats=list(FILES),
        sample=True,
        limits={"clip_bytes": 500000000, "picture_bytes": 20000000, "frame_bytes": 2000000, "seconds": 600.0, "pixels": 9000000},
    )
    version: str
    classes: Annotated[list[str], Field(description="in the order of the method")]
    formats: Annotated[list[str], Field(description="what `formats` of a clip may name")]
    sample: Annotated[bool, Field(description="whether /v1/sample has a clip to try")]
    limits: LimitsAnswer


def limits_answer(limits: Limits) -> LimitsAnswer:
    """The limits that a client should know."""
    return LimitsAnswer(**{name: getattr(limits, name) for name in LimitsAnswer.model_fields})
