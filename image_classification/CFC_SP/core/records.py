# SPDX-License-Identifier: Apache-2.0
"""The small records that pass between the stages of the video path. Row i of every array is face i of the frame."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..support.printable import counted
from .labels import COARSE, EXPR
from .span import WHOLE, Span

PICTURES = "pictures"
"""The codec of a source that is made of picture files."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the container says of a clip; `width` and `height` are those of the displayed frame: of square pixels, upright.

    rotation: degrees against the clock by which frames were turned, once they were mirrored left to right where `mirrored` says so.
    start_s: the time of the first frame. zero_s: the time at which players begin to count, other than 0 where a file's clock began before
    the file, as in transport streams. `size_bytes` and `modified_s` (seconds since 1970) are the file's; those of a folder of
    pictures are the sum and the latest of its files'.
    """

    path: str
    codec: str
    width: int
    height: int
    fps: float
    duration_s: float | None
    rotation: int = 0
    size_bytes: int = 0
    modified_s: float = 0.0
    mirrored: bool = False
    start_s: float = 0.0
    zero_s: float = 0.0

    @property
    def is_pictures(self) -> bool:
        """Whether it is made of picture files, whose names its rows bear."""
        return self.codec == PICTURES


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: 0-based index, presentation time in seconds, image as HWC RGB uint8 [0, 255] as a screen shows it, and how
    long it is shown, in seconds, None where that is not known."""

    index: int
    time_s: float
    image: np.ndarray
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Faces:
    """The N faces of one frame: boxes float32 [N, 4] as x1, y1, x2, y2 in pixels of the displayed frame, scores float32 [N] in
    [0, 1], landmarks float32 [N, 5, 2] (left eye, right eye, nose, left and right mouth corner, as seen in the picture), and,
    once tracked, track ids int64 [N].

    Raises ValueError where the arrays' lengths or shapes disagree.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray
    tracks: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.boxes)
        expected: dict[str, tuple[int, ...]] = {"boxes": (n, 4), "scores": (n,), "landmarks": (n, 5, 2)}
        if self.tracks is not None:
            expected["tracks"] = (n,)
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"Faces.{name}: expected shape {shape}, found {getattr(self, name).shape}")

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: np.ndarray | slice) -> "Faces":
        """The faces that an index array, mask or slice picks."""
        tracks = None if self.tracks is None else self.tracks[index]
        return Faces(self.boxes[index], self.scores[index], self.landmarks[index], tracks)

    def joined(self, others: "Faces") -> "Faces":
        """These faces and the others after them, without tracks."""
        return Faces(*(np.concatenate([getattr(self, name), getattr(others, name)]) for name in ("boxes", "scores", "landmarks")))

    def towards(self, others: "Faces", share: float) -> "Faces":
        """Where these faces are, without tracks, at `share` of their way to the others, one of which belongs to each in order."""
        ways = ((getattr(self, name), getattr(others, name)) for name in ("boxes", "scores", "landmarks"))
        return Faces(*(here + np.float32(share) * (there - here) for here, there in ways))

    @classmethod
    def empty(cls) -> "Faces":
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame: who it is, where it is, and what it shows.

    track: the face's number in the clip, from 1. box: x1, y1, x2, y2 in pixels of the displayed frame. score: the detector's probability
    of a face, 0 to 1. label: the cascade's decision after smoothing, one of eight classes. confidence: the probability of `label`.
    coarse: the coarse stage's decision after smoothing, one of five classes. raw_label: the cascade's decision before smoothing.
    probabilities: eight numbers after smoothing, which sum to 1, in the order Neutral, Anger, Disgust, Fear, Happiness, Sadness,
    Surprise, Other. raw_probabilities: the eight before smoothing, or None if they are not known, as in rows that are read from a CSV.
    Raises ValueError for an unknown label and for another number of probabilities.

    >>> face = recognizer.picture("face.jpg")[0]
    >>> face.label, face.coarse, len(face.probabilities)
    ('Happiness', 'Happiness', 8)
    """

    track: int
    box: tuple[float, float, float, float]
    score: float
    label: str
    confidence: float
    coarse: str
    raw_label: str
    probabilities: tuple[float, ...]
    raw_probabilities: tuple[float, ...] | None = None

    def __repr__(self) -> str:
        x1, y1, x2, y2 = self.box
        return f"Face(track {self.track}: {self.label} {self.confidence:.2f}, box {x1:.0f} {y1:.0f} {x2:.0f} {y2:.0f})"

    def __post_init__(self) -> None:
        if self.label not in EXPR or self.raw_label not in EXPR or self.coarse not in COARSE:
            raise ValueError(f"unknown label among {self.label!r}, {self.raw_label!r}, {self.coarse!r}")
        for numbers in (self.probabilities, self.raw_probabilities):
            if numbers is not None and len(numbers) != len(EXPR):
                raise ValueError(f"expected {len(EXPR)} probabilities, found {len(numbers)}")


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One analysed frame with its faces.

    frame: its number in the clip, from 0. time_s: its presentation time in seconds. faces: ordered by track; empty if the frame shows
    none. picture: the file's name if the frame is a picture, and None for a frame of a video.

    >>> frame = next(recognizer.video("clip.mp4"))
    >>> frame.frame, frame.time_s, len(frame.faces)
    (0, 0.0, 1)
    """

    frame: int
    time_s: float
    faces: tuple[Face, ...] = ()
    picture: str | None = None

    def __repr__(self) -> str:
        where = f"{self.time_s:.3f} s" if self.picture is None else repr(self.picture)
        seen = ", ".join(f"track {face.track} {face.label} {face.confidence:.2f}" for face in self.faces)
        return f"FrameResult(frame {self.frame}, {where}: {seen or 'no face'})"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one track with one label; from the time of its first frame to the end of its last."""

    track: int
    start_s: float
    end_s: float
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class PictureFile:
    """What became of a picture file: `frame` is its number in the rows, `width` and `height` its size in pixels, upright; 0 where it was
    refused, and `refused` then says why."""

    name: str
    frame: int
    width: int = 0
    height: int = 0
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run reports besides its rows.

    source: what the file says about the clip. bundle: name, sha256, and the sha256 of its files. device, engine: what really ran the
    networks. window_frames: the smoothing window in analysed frames; 0 means none. frames, frames_with_faces, face_rows, damaged_frames,
    tracks: counts. dropped_frames: frames of a stream that arrived while another was being analysed. label_counts: face rows of each
    class. timings_s: seconds of each stage. segments: stretches of one track with one label. warnings: sentences for a person. span: the
    part of the clip. options: the options that were given, by name; None means the default. files: the sha256 of the other result files,
    by name. smoothing: the kind of smoothing. prior: the power of the training data's prior that is removed. pictures: the picture files,
    in order.

    >>> clip = recognizer.video("clip.mp4")
    >>> for frame in clip: pass
    >>> clip.summary.frames, clip.summary.tracks, clip.summary.segments[0].label
    (3, 1, 'Happiness')
    """

    source: Source
    bundle: dict[str, Any]
    device: str
    engine: str
    window_frames: int
    frames: int = 0
    frames_with_faces: int = 0
    face_rows: int = 0
    damaged_frames: int = 0
    dropped_frames: int = 0
    tracks: int = 0
    label_counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EXPR, 0))
    timings_s: dict[str, float] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    span: Span = WHOLE
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    smoothing: str = "logits"
    prior: float = 0.0
    pictures: list[PictureFile] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Summary({self.source.path!r}: {self.seen()})"

    def seen(self) -> str:
        """How many frames, faces and tracks there were, in words."""
        faces = f"{counted(self.face_rows, 'face')} in {counted(self.tracks, 'track')}" if self.face_rows else "no face"
        return f"{counted(self.frames, 'frame')}, {faces}"
