# SPDX-License-Identifier: Apache-2.0
"""What a server is set up with: where it keeps its data, whom it serves, and how much it takes."""

from dataclasses import dataclass, field
from pathlib import Path

RECOGNIZER = "image_classification.CFC_SP.prediction.recognizer:Recognizer"


@dataclass(frozen=True)
class Limits:
    """How much the server takes; docs/serve.md says which status code answers more.

    clip_bytes, picture_bytes, frame_bytes: of an upload, a picture, a frame of a stream. seconds: of a clip. pixels: of a frame.
    waiting: clips in the queue. connections, uploads: at a time. streams: open cameras. watchers: open event streams. rate: uploads,
    pictures and cameras a minute from one address, 0: any number. keep_s, keep_bytes: age and total size at which results go.
    keep_uploads: whether the clips themselves stay as long as their results.
    """

    clip_bytes: int = 500_000_000
    picture_bytes: int = 20_000_000
    frame_bytes: int = 2_000_000
    seconds: float = 600.0
    pixels: int = 9_000_000
    waiting: int = 32
    connections: int = 500
    uploads: int = 8
    streams: int = 4
    watchers: int = 100
    rate: int = 60
    keep_s: float = 24 * 3600.0
    keep_bytes: int = 10_000_000_000
    keep_uploads: bool = False


@dataclass(frozen=True)
class Settings:
    """data: the folder of all that the server keeps. workers: clips worked on at a time. load: the recognizer of a worker, as
    "module:name" and its keywords. token: what clients must know, None: nothing. hosts: the names by which the server may be called,
    empty: any. sample: the clip that the page offers, None: none."""

    data: Path
    workers: int = 1
    load: tuple[str, dict] = (RECOGNIZER, {})
    token: str | None = None
    hosts: tuple[str, ...] = ()
    sample: Path | None = None
    limits: Limits = field(default_factory=Limits)
