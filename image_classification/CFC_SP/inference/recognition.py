# SPDX-License-Identifier: Apache-2.0
"""The main path: frames -> faces -> tracks -> crops -> logits -> expressions, each stage a generator over small records.

Memory is bounded by the smoothing window, never by the clip: pictures are dropped as soon as their crops are cut, and logits as
soon as no window reaches them.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

import numpy as np

from ..core.kinds import SHARE_OF_WINDOW
from ..core.records import Frame, FrameResult
from ..support.prefetch import prefetch
from ..support.stopwatch import Stopwatch
from ..video.follower import KEY_EVERY_S, FaceFollower, search_each
from ..video.live_follower import LiveFollower
from .decision import Decider
from .loaded_model import LoadedModel
from .mode import Mode, mode_of
from .observation import FaceObserver, Observation
from .steady_labels import SteadyLabels

# Frames decoded ahead of the one that is looked at: as many as take this much memory, within these bounds. Decoding goes on while a
# detection or a batch of crops takes its time, and is then ahead for the many frames that take none.
AHEAD_BYTES, FEWEST_AHEAD, MOST_AHEAD = 64 << 20, 1, 64
# Faces of a picture or a stream in one run: no batch fills up while others wait for it.
LIVE_BATCH = 4


def recognise_clip(
    model: LoadedModel,
    frames: Iterable[Frame],
    window: int,
    stopwatch: Stopwatch,
    search_every_s: float = KEY_EVERY_S,
    mode: Mode | None = None,
    unrelated: bool = False,
) -> Generator[FrameResult]:
    """One FrameResult for every frame of a clip, in order, some while after the frame.

    window: smoothing's, in frames of this clip; 0 switches it off. mode: its kind, and the prior; None: the bundle's. The rest is as in
    `observe_clip`.
    """
    decider = Decider(model.predictor, stopwatch, mode or mode_of(model.bundle))
    with closing(observe_clip(model, frames, stopwatch, search_every_s, unrelated)) as observed:
        yield from decider.decided(observed, window)


def observe_clip(
    model: LoadedModel, frames: Iterable[Frame], stopwatch: Stopwatch, search_every_s: float = KEY_EVERY_S, unrelated: bool = False
) -> Iterator[Observation]:
    """Where the faces of every frame of a clip are, and their logits, in order, some while after the frame.

    search_every_s: seconds of media time between searches of whole frames for faces, 0: every frame is searched. unrelated: the frames are
    pictures of any sizes, no face of one is followed to another. stopwatch: receives the seconds of each stage; `decode` and `classify` run
    beside the others, and `wait` is what the others waited for them. Closing the generator ends the thread that decodes.
    """
    observer = FaceObserver(model, model.batch, stopwatch)
    # The first picture's size tells nothing of the memory that others take.
    with closing(_decoded_ahead(frames, stopwatch, FEWEST_AHEAD if unrelated else MOST_AHEAD)) as decoded:
        waited = stopwatch.each("wait", decoded)
        if unrelated:
            seen = search_each(model.detector, waited, observer.begin)
        else:
            seen = FaceFollower(model.detector, search_every_s, found=observer.begin).follow(waited)
        yield from observer.scored(map(observer.observe, stopwatch.each("detect", seen)))


def recognise_picture(model: LoadedModel, picture: Frame) -> FrameResult:
    """The faces of one picture by itself, without smoothing."""
    stopwatch = Stopwatch()
    observer = FaceObserver(model, LIVE_BATCH, stopwatch)
    (seen,) = search_each(model.detector, [picture])
    observation = observer.with_logits(*observer.observe(seen))
    (result,) = Decider(model.predictor, stopwatch, mode_of(model.bundle)).decide([observation], 0, 1, 0)
    return result


class StreamRecognition:
    """The same for a stream: every frame is answered from the past, and from `lag_s` seconds of what comes after it.

    window_s: how far smoothing's window reaches into the past, in seconds; 0 switches smoothing off, and no frame waits. The object is
    made once the networks are ready.
    """

    def __init__(
        self,
        model: LoadedModel,
        window_s: float,
        stopwatch: Stopwatch,
        search_every_s: float = KEY_EVERY_S,
        mode: Mode | None = None,
        lag_s: float = 0.0,
    ):
        mode = mode or mode_of(model.bundle)
        self._window_s, self._lag_s, self._stopwatch = window_s, lag_s if window_s else 0.0, stopwatch
        self._observer = FaceObserver(model, LIVE_BATCH, stopwatch)
        self._follower = LiveFollower(model.detector, search_every_s)
        self._decider = Decider(model.predictor, stopwatch, mode)
        self._steady = SteadyLabels(window_s / SHARE_OF_WINDOW) if mode.kind == "decoder" and window_s else None
        self._held: deque[Observation] = deque()
        # Of the observations held, those whose results are still owed: they stand at the end.
        self._owed = 0
        # The first run takes longer than those after it, and no frame shall wait for it.
        size = model.geometry.size
        model.predictor.begin("frame", np.zeros((LIVE_BATCH, size, size, 3), np.uint8)).result()

    def feed(self, frame: Frame) -> Iterator[FrameResult]:
        """The results that are due once `frame` is seen, in order: its own where there is no lag. Frames must come in order."""
        with self._stopwatch.stage("detect"):
            seen = self._follower.look(frame)
        self._held.append(self._observer.with_logits(*self._observer.observe(seen)))
        self._owed += 1
        while self._owed and self._held[-self._owed].time_s <= frame.time_s - self._lag_s:
            yield self._next()

    def rest(self) -> Iterator[FrameResult]:
        """The results that are still owed when the stream has ended."""
        while self._owed:
            yield self._next()

    def _next(self) -> FrameResult:
        """The result of the first frame that is owed one: means are those of the frames of its track that are held by then."""
        time_s = self._held[-self._owed].time_s
        while self._held[0].time_s < time_s - self._window_s:
            self._held.popleft()
        place = len(self._held) - self._owed
        # Half of the window lies before a frame and half behind it: either is to reach all that is held.
        window = 2 * len(self._held) if self._window_s else 0
        (result,) = self._decider.decide(self._held, place, place + 1, window)
        self._owed -= 1
        return self._steady.steadied(result) if self._steady else result


def _decoded_ahead(frames: Iterable[Frame], stopwatch: Stopwatch, most: int) -> Iterator[Frame]:
    """The frames, decoded by a thread that runs ahead of their use."""
    frames = stopwatch.each("decode", frames)
    first = list(islice(frames, 1))
    depth = min(max(AHEAD_BYTES // first[0].image.nbytes, FEWEST_AHEAD), most) if first else FEWEST_AHEAD
    # Popped as it goes, so that no large frame is held longer than it is looked at.
    yield from prefetch(chain((first.pop() for _ in range(len(first))), frames), depth)
