"""The main path: frames -> faces -> tracks -> crops -> logits -> expressions, each stage a generator over small records.

Memory is bounded by the smoothing window, never by the clip: pictures are dropped as soon as their crops are cut, and logits as
soon as no window reaches them.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from ..core.aligner import CropGeometry
from ..core.labels import COARSE, EXPR, NEGATIVE
from ..core.records import Face, Faces, Frame, FrameResult
from ..support.prefetch import ahead
from ..video.detector import FaceDetector
from ..video.follower import KEY_EVERY_S, FaceFollower, Seen
from ..video.mtcnn import WEIGHTS as DETECTOR_WEIGHTS
from ..video.mtcnn import load_mtcnn
from ..video.tracker import FaceTracker
from .batches import Batches, Place
from .bundle import Bundle, refusal
from .worker_process import ProgramsApart

if TYPE_CHECKING:
    from .programs import Programs

# Frames decoded ahead of the one that is looked at: as many as take this much memory, within these bounds. Decoding goes on while a
# detection or a batch of crops takes its time, and is then ahead for the many frames that take none.
AHEAD_BYTES, FEWEST_AHEAD, MOST_AHEAD = 64 << 20, 4, 64
# Frames whose expressions are decided in one run of the sequence program, beside its context of a window on either side.
CHUNK = 512
# Faces whose logits are not asked for yet, in batches: the networks, apart, work on them while later frames are looked at.
MOST_BEGUN = 3


@dataclass(slots=True)
class _Observed:
    """What is kept of a frame once it was looked at: where its faces are, and first where their logits will be, then these."""

    index: int
    time_s: float
    faces: Faces
    places: list[Place]
    coarse: np.ndarray | None = None  # [M, N, 5]
    negative: np.ndarray | None = None  # [K, N, 4]


def make_detector(bundle: Bundle, min_face: float | None = None) -> FaceDetector:
    """The bundle's face detector; it runs on the CPU, whatever device the networks of the cascade run on."""
    settings = bundle.manifest["detector"]
    try:
        networks = load_mtcnn(bundle.tensors(DETECTOR_WEIGHTS.stem))
    except ValueError as error:
        raise refusal(bundle.folder / DETECTOR_WEIGHTS.name, str(error)) from error
    return FaceDetector(networks, min_face or settings["min_face"], tuple(settings["thresholds"]))


class Recognizer:
    """A bundle made ready, for any number of clips.

    programs: those of the bundle, here or apart. key_every_s: seconds of media time between full detections, 0: one in every frame.
    """

    def __init__(
        self, bundle: Bundle, programs: "Programs | ProgramsApart", min_face: float | None = None, key_every_s: float = KEY_EVERY_S
    ):
        manifest = bundle.manifest
        self.bundle, self.programs = bundle, programs
        self._spent_s: dict[str, float] = defaultdict(float)
        self._geometry = CropGeometry(manifest["crop"]["size"], manifest["crop"]["margin"])
        self._batch = manifest["batch"]
        self._follower = FaceFollower(make_detector(bundle, min_face), key_every_s, found=self._begin_early)
        self._nested_s = 0.0

    def close(self) -> None:
        """Ends what runs apart; nothing can be recognised after it."""
        self.programs.close()

    @property
    def timings_s(self) -> dict[str, float]:
        """Seconds spent in each stage so far; `decode` runs beside the others, as `classify` does where the programs are apart, and
        `wait` is what the others waited for them."""
        return self._spent_s | ({"classify": self.programs.seconds} if self.programs.apart else {})

    def results(self, frames: Iterable[Frame], window: int) -> Iterator[FrameResult]:
        """One FrameResult for every frame, in order; `window` is SP's, in frames of this clip, 0 switches it off."""
        return self._decided(self._scored(self._observed(frames)), window)

    def _observed(self, frames: Iterable[Frame]) -> Iterator[_Observed]:
        tracker, frames = FaceTracker(), iter(frames)
        self._batches, self._early = Batches(self._begin, self._batch), {}
        first = list(islice(frames, 1))
        depth = min(max(AHEAD_BYTES // first[0].image.nbytes, FEWEST_AHEAD), MOST_AHEAD) if first else FEWEST_AHEAD
        with closing(ahead(self._decoded(chain(first, frames)), depth)) as decoded:
            followed = self._follower.follow(self._waited(decoded))
            while True:
                with self._clock("detect"):
                    seen = next(followed, None)
                if seen is None:
                    return
                frame = seen.frame
                with self._clock("track"):
                    faces = tracker.update(frame.time_s, seen.faces, seen.cut)
                with self._clock("align"):
                    places = self._early.pop(frame.index, {})
                    more = faces[np.array([box.tobytes() not in places for box in faces.boxes], bool)]
                    places |= self._places(frame.image, more)
                    places = [places[box.tobytes()] for box in faces.boxes]
                    height, width = frame.image.shape[:2]
                    bounds = np.array([width, height, width, height], np.float32)
                    faces = Faces(np.clip(faces.boxes, 0, bounds), faces.scores, faces.landmarks, faces.tracks)
                yield _Observed(frame.index, frame.time_s, faces, places)

    def _begin_early(self, seen: Seen) -> None:
        """Sends faces to the networks as soon as they are found: the follower holds their frame back for up to two seconds."""
        with self._clock("align"):
            self._early[seen.frame.index] = self._places(seen.frame.image, seen.faces)

    def _places(self, image: np.ndarray, faces: Faces) -> dict[bytes, Place]:
        """Where the logits of each face will be, by the bytes of its box, which tell it however faces are ordered."""
        crops = self._geometry.crop(image, faces)
        return {box.tobytes(): self._batches.add(crop) for box, crop in zip(faces.boxes, crops, strict=True)}

    def _begin(self, batch: np.ndarray) -> Callable[[], tuple[np.ndarray, ...]]:
        with self._clock("wait" if self.programs.apart else "classify"):
            return self.programs.begin_frame(batch)

    def _decoded(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames, timed; this runs in a thread of its own, beside all other stages."""
        frames = iter(frames)
        while True:
            begin = time.perf_counter()
            frame = next(frames, None)
            self._spent_s["decode"] += time.perf_counter() - begin
            if frame is None:
                return
            yield frame

    def _waited(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The frames; what the detector waits for them is no work of its own."""
        while True:
            with self._clock("wait"):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

    def _scored(self, observed: Iterable[_Observed]) -> Iterator[_Observed]:
        """Gives every face its logits, as late as need be: crops of all frames and faces share batches."""
        waiting, faces = deque(), 0
        for item in observed:
            waiting.append(item)
            faces += len(item.faces)
            while faces > MOST_BEGUN * self._batch or len(waiting) > CHUNK:
                faces -= len(waiting[0].faces)
                yield self._with_logits(waiting.popleft())
        for item in waiting:
            yield self._with_logits(item)

    def _with_logits(self, item: _Observed) -> _Observed:
        with self._clock("wait"):
            logits = [self._batches.logits_of(place) for place in item.places]
        if logits:
            item.coarse, item.negative = (np.stack(parts, axis=1) for parts in zip(*logits, strict=True))
        item.places = []
        return item

    def _decided(self, scored: Iterable[_Observed], window: int) -> Iterator[FrameResult]:
        """Smooths and decides chunk by chunk.

        A frame's label looks at the negative logits of frames up to half a window away that are routed by their own smoothed
        coarse class, which looks half a window further: a window of context on either side makes chunks exact.
        """
        held: deque[_Observed] = deque()
        done = 0  # frames at the front of `held` that are decided and stay as context
        for item in scored:
            held.append(item)
            if len(held) - done >= CHUNK + window:
                yield from self._decide(held, done, done + CHUNK, window)
                done += CHUNK
                for _ in range(done - window):
                    held.popleft()
                done = min(done, window)
        yield from self._decide(held, done, len(held), window)

    def _decide(self, held: deque[_Observed], begin: int, end: int, window: int) -> Iterator[FrameResult]:
        with self._clock("sequence"):
            places = defaultdict(list)
            for position, item in enumerate(held):
                for row, track in enumerate(item.faces.tracks):
                    places[int(track)].append((position, row))
            faces = defaultdict(list)
            for track in sorted(places):
                if any(begin <= position < end for position, _ in places[track]):
                    for position, face in self._decide_track(held, track, places[track], window):
                        faces[position].append(face)
        for position, item in enumerate(islice(held, begin, end), begin):
            yield FrameResult(item.index, item.time_s, tuple(faces[position]))

    def _decide_track(self, held, track: int, places: list[tuple[int, int]], window: int) -> Iterator[tuple[int, Face]]:
        first, length = places[0][0], places[-1][0] - places[0][0] + 1
        coarse = np.zeros((len(held[first].coarse), length, len(COARSE)), np.float32)
        negative = np.zeros((len(held[first].negative), length, len(NEGATIVE)), np.float32)
        valid = np.zeros(length, bool)
        for position, row in places:
            item = held[position]
            coarse[:, position - first], negative[:, position - first] = item.coarse[:, row], item.negative[:, row]
            valid[position - first] = True
        decided = self.programs.sequence(coarse, negative, valid, np.array([window]))
        labels, coarse_labels, raw_labels, probabilities, raw_probabilities = decided
        for position, row in places:
            i, item = position - first, held[position]
            yield (
                position,
                Face(
                    track=track,
                    box=tuple(item.faces.boxes[row].tolist()),
                    score=float(item.faces.scores[row]),
                    label=EXPR[labels[i]],
                    confidence=float(probabilities[i, labels[i]]),
                    coarse=COARSE[coarse_labels[i]],
                    raw_label=EXPR[raw_labels[i]],
                    probabilities=tuple(probabilities[i].tolist()),
                    raw_probabilities=tuple(raw_probabilities[i].tolist()),
                ),
            )

    @contextmanager
    def _clock(self, stage: str) -> Iterator[None]:
        """Counts the time spent in the block to `stage`, less that of clocks inside it."""
        begin, outer = time.perf_counter(), self._nested_s
        self._nested_s = 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self._spent_s[stage] += spent - self._nested_s
            self._nested_s = outer + spent
