# SPDX-License-Identifier: Apache-2.0
"""What happens in a simulated clip, frame by frame: which face is seen, and what the annotation says.

A clip is a row of segments of 1 to 8 s, each of one still face. Its classes follow a Markov chain with long stays, so that a clip
shows few of them. Between segments one face fades into the next, or the view is empty for a moment; no annotator would label that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..core.labels import EXPR, IGNORED
from ..support.errors import UserError

FPS = 30
NOBODY = -1
SEGMENT_S = 1.0, 8.0
# The chance that the next segment keeps the class: with segments of 4.5 s on average an expression stays for 18 s.
STAY = 0.75
# Below this share a class would be missing from small sets of clips, or its F1 would hang on a single face.
LEAST_SHARE = 0.05
FADE_S, EMPTY_S, EMPTY = (0.2, 0.6), (0.3, 1.0), 0.25
# Inside a segment the face leaves the view now and then, while the annotation goes on.
AWAY_S, AWAY = (0.2, 0.8), 0.1


@dataclass(frozen=True)
class Script:
    """One clip of T frames. A frame shows (1 - mix) x `first` + mix x `second`, numbers of pictures or NOBODY.

    first, second, labels: int64 [T], labels in EXPR order, -1 where there is none; mix: float32 [T], 0 to 1.
    """

    first: np.ndarray
    second: np.ndarray
    mix: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)

    @property
    def empty(self) -> np.ndarray:
        """The frames that show nobody at all, bool [T]."""
        return (self.first == NOBODY) & ((self.second == NOBODY) | (self.mix == 0))

    @property
    def pictures(self) -> list[int]:
        """The numbers of the pictures that are seen, rising."""
        return sorted({int(number) for number in (*self.first, *self.second)} - {NOBODY})


class Casting:
    """Hands out the pictures of one split, each at most once, and only those that `usable(number)` takes.

    classes: int64 [N] in EXPR order. refused: how many pictures were not usable so far. shares: of each class in the clips to be,
    float [8]: that of the split, but LEAST_SHARE at least for a class that has pictures.
    """

    def __init__(self, classes: np.ndarray, usable: Callable[[int], bool], rng: np.random.Generator):
        order = rng.permutation(len(classes))
        self._queues = [order[classes[order] == number].tolist() for number in range(len(EXPR))]
        self._usable = usable
        self.refused = 0
        counts = np.bincount(classes, minlength=len(EXPR))
        shares = np.maximum(counts / counts.sum(), LEAST_SHARE) * (counts > 0)
        self.shares = shares / shares.sum()

    def pick(self, number: int) -> int | None:
        """A picture of class `number`; None when they are used up."""
        while self._queues[number]:
            picture = self._queues[number].pop()
            if self._usable(picture):
                return picture
            self.refused += 1
        return None

    def pick_any(self, number: int, others: Iterator[int]) -> tuple[int, int]:
        """A picture of class `number`, or of the first of `others` that has one, and its class. UserError when all are used up."""
        while (picture := self.pick(number)) is None:
            if not any(self._queues):
                raise UserError("expected enough pictures for all clips, found too few: take fewer -clips or -seconds")
            number = next(others)
        return picture, number


def write_scripts(casting: Casting, clips: int, seconds: float, rng: np.random.Generator) -> list[Script]:
    """The scripts of `clips` clips of `seconds` each; raises UserError where the pictures do not suffice."""
    # The chain draws a class this often; drawn in strata, so that a set of a few clips has the shares that were meant.
    draws = round(clips * (1 + (1 - STAY) * seconds / np.mean(SEGMENT_S)))
    classes = _draws(casting.shares, draws, rng)
    return [_write(casting, classes, round(seconds * FPS), rng) for _ in range(clips)]


def _draws(shares: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[int]:
    """Class numbers without end: every `count` of them hold each class in its share."""
    bounds = np.cumsum(shares)[:-1]
    while True:
        deck = np.searchsorted(bounds, (np.arange(count) + rng.random()) / count, side="right")
        yield from rng.permutation(deck).tolist()


def _write(casting: Casting, classes: Iterator[int], frames: int, rng: np.random.Generator) -> Script:
    first, second = np.full(frames, NOBODY), np.full(frames, NOBODY)
    mix, labels = np.zeros(frames, np.float32), np.full(frames, IGNORED)
    number, seen, start = next(classes), NOBODY, 0
    while start < frames:
        picture, number = casting.pick_any(number, classes)
        if start:
            start += _change(first[start:], second[start:], mix[start:], (seen, picture), rng)
        end = start + _frames(SEGMENT_S, rng)
        first[start:end], labels[start:end] = picture, number
        if rng.random() < AWAY:
            away = start + int(rng.integers(end - start))
            first[away : min(end, away + _frames(AWAY_S, rng))] = NOBODY
        number, seen, start = number if rng.random() < STAY else next(classes), picture, end
    return Script(first, second, mix, labels)


def _change(first: np.ndarray, second: np.ndarray, mix: np.ndarray, pair: tuple[int, int], rng: np.random.Generator) -> int:
    """Writes the way from one picture to the next over the beginning of the arrays, and returns how many frames it takes."""
    before, after = pair
    steps = [(before, after)]
    if rng.random() < EMPTY:
        steps = [(before, NOBODY), (NOBODY, NOBODY), (NOBODY, after)]
    length = 0
    for one, other in steps:
        count = _frames(EMPTY_S if one == other else FADE_S, rng)
        part = slice(length, length + count)
        ramp = np.arange(1, count + 1, dtype=np.float32) / (count + 1)
        first[part], second[part], mix[part] = one, other, ramp[: len(mix[part])]
        length += count
    return length


def _frames(span_s: tuple[float, float], rng: np.random.Generator) -> int:
    return round(rng.uniform(*span_s) * FPS)
