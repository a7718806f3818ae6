# SPDX-License-Identifier: Apache-2.0
"""How far two annotations of a clip agree: Cohen's kappa and F1 of what both say at the same times, and where they differ longest."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, nan

import numpy as np

from ..core.annotation import Annotation, Interval
from ..core.labels import COARSE
from ..core.metrics import Scores, score
from ..support.errors import UserError
from .label_mapping import CLASSES, LabelMapping, listed

EVERY_S = 0.04
"""Seconds from one sample to the next, as long as nothing else is asked for: 25 a second."""
MOST_SAMPLES = 50_000_000
"""The most samples of a track: three weeks at 25 a second."""
NOTHING = -1
"""Where an annotation says nothing."""
# What a clip's length may be off: containers round it, and a sound may go on after the last frame.
_SLACK_S, _SLACK_SHARE = 1.0, 0.02


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch of a track in which one annotation says `ours` and the other `theirs`, in seconds of the clip's time."""

    clip: str
    track: str
    start_s: float
    end_s: float
    ours: str
    theirs: str


@dataclass(frozen=True)
class TrackAgreement:
    """What two annotations say of one track of a clip. ours, theirs: int8 [N], numbers of label_mapping.CLASSES at N samples that lie
    every_s seconds apart, the first in the middle of the first such stretch; -1 where an annotation says nothing."""

    clip: str
    track: str
    every_s: float
    ours: np.ndarray
    theirs: np.ndarray

    def seconds(self, which: np.ndarray) -> float:
        """How long what `which`, bool [N], picks lasts."""
        return float(np.count_nonzero(which) * self.every_s)

    @property
    def both(self) -> np.ndarray:
        """Where both say something, bool [N]."""
        return (self.ours != NOTHING) & (self.theirs != NOTHING)

    def disagreements(self) -> list[Disagreement]:
        """Where both say something and not the same, in order of time."""
        differ = self.both & (self.ours != self.theirs)
        pairs = np.where(differ, self.ours.astype(np.int16) * len(CLASSES) + self.theirs, NOTHING)
        edges = np.flatnonzero(np.diff(pairs, prepend=NOTHING, append=NOTHING))
        found = []
        for start, end in pairwise(edges):
            if pairs[start] != NOTHING:
                ours, theirs = divmod(int(pairs[start]), len(CLASSES))
                times = (round(place * self.every_s, 6) for place in (int(start), int(end)))
                found.append(Disagreement(self.clip, self.track, *times, CLASSES[ours], CLASSES[theirs]))
        return found


@dataclass(frozen=True)
class AgreementScores:
    """kappa: Cohen's, NaN where both know one class alone. classes: those that either says. scores: theirs taken as the truth, over these
    classes, in [0, 1]. seconds: how long both say something."""

    kappa: float
    classes: tuple[str, ...]
    scores: Scores
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """tracks: those that both annotations of a clip know, with what they say. notes: sentences on what was not compared."""

    tracks: list[TrackAgreement]
    notes: list[str]


def compare(
    ours: Annotation,
    theirs: Annotation,
    mapping: LabelMapping | None = None,
    every_s: float = EVERY_S,
    names: Sequence[str] = ("OURS", "THEIRS"),
) -> Comparison:
    """What both annotations say of each track that both know; names: what a message calls the two, the first names the clip.

    Tracks are those of one name on both sides, or as `mapping` says. Where theirs has one tier that ours has not, it is held against the
    face in sight that ours sees longest. Where one says Negative, the five coarse classes are compared. Raises UserError for labels
    without a class, intervals that overlap on one tier, tiers of which none is meant, theirs that go on after the clip's end, and where
    nothing is said of the same time.
    """
    mapping = mapping or LabelMapping()
    if not 1e-3 <= every_s < 3600:
        raise UserError(f"-every: expected seconds from one sample to the next, 0.001 to 3600, found {every_s:g}")
    _check_times(ours, theirs, names)
    count = ceil(max(ours.end_s, theirs.end_s) / every_s)
    if count > MOST_SAMPLES:
        raise UserError(f"-every: expected {MOST_SAMPLES} samples at most, found {count} up to the end of {names[1]}: take a longer step")
    pairs = _pairs(ours, theirs, mapping, names)
    gaps = None, mapping.gaps
    found = []
    for track, sides in pairs.items():
        filled = [_filled(side, count, every_s, mapping, name, gap) for side, name, gap in zip(sides, names, gaps, strict=True)]
        found.append(TrackAgreement(names[0], track, every_s, *filled))
    if not any(pair.both.any() for pair in found):
        raise UserError(f"{names[1]}: expected labels of the same times as those of {names[0]}, found none: is it of another clip?")
    return Comparison(in_same_classes(found), list(_notes(ours, theirs, pairs, names)))


def total(tracks: Iterable[TrackAgreement]) -> AgreementScores:
    """Kappa and scores over all samples of several tracks, of which one at least has some that both label."""
    tracks = list(tracks)
    ours, theirs = (np.concatenate([getattr(track, side)[track.both] for track in tracks]).astype(int) for side in ("ours", "theirs"))
    present = np.union1d(ours, theirs)
    scores = score(np.searchsorted(present, theirs), np.searchsorted(present, ours), len(present))
    seconds = sum(track.seconds(track.both) for track in tracks)
    return AgreementScores(kappa_of(scores.confusion), tuple(CLASSES[number] for number in present), scores, seconds)


def kappa_of(confusion: np.ndarray) -> float:
    """Cohen's kappa (1960) of counts [C, C]: the share of agreement above what chance gives; NaN where chance agrees always."""
    shares = confusion / confusion.sum()
    by_chance = float(shares.sum(0) @ shares.sum(1))
    return nan if by_chance >= 1 else (float(np.trace(shares)) - by_chance) / (1 - by_chance)


def in_same_classes(tracks: list[TrackAgreement]) -> list[TrackAgreement]:
    """The tracks as they are, or all in coarse classes where one of them says Negative."""
    negative, plain = CLASSES.index("Negative"), [CLASSES.index(name) for name in COARSE]
    if not any(np.any(side == negative) for track in tracks for side in (track.ours, track.theirs)):
        return tracks
    # The last entry is that of -1.
    coarse = np.array([*(number if number in plain else negative for number in range(len(CLASSES))), NOTHING], np.int8)
    return [replace(track, ours=coarse[track.ours], theirs=coarse[track.theirs]) for track in tracks]


def _check_times(ours: Annotation, theirs: Annotation, names: Sequence[str]) -> None:
    for annotation, name in zip((ours, theirs), names, strict=True):
        if not annotation.intervals:
            raise UserError(f"{name}: expected labelled intervals, found none")
    last_s = max(interval.end_s for interval in theirs.intervals)
    if ours.length_s is not None and last_s > ours.length_s * (1 + _SLACK_SHARE) + _SLACK_S:
        raise UserError(
            f"{names[1]}: expected times within the clip of {names[0]}, which ends at {ours.length_s:.2f} s, found {last_s:.2f} s: "
            "is it of another clip?"
        )


Pair = tuple[dict[str, list[Interval]], dict[str, list[Interval]]]
"""Intervals of ours and of theirs by tier, the tier that counts where several say something first."""


def _pairs(ours: Annotation, theirs: Annotation, mapping: LabelMapping, names: Sequence[str]) -> dict[str, Pair]:
    """What is compared, by track."""
    own, other = ours.by_track(), theirs.by_track()
    if mapping.tracks:
        pairs: dict[str, Pair] = {}
        for tier, track in mapping.tracks.items():
            for name, side, known in ((tier, names[1], other), (track, names[0], own)):
                if name not in known:
                    raise UserError(f"{side}: expected the tier {name!r} that -mapping names, found {listed(known)}")
            pairs.setdefault(track, ({track: own[track]}, {}))[1][tier] = other[tier]
        return pairs
    if both := [track for track in own if track in other and (own[track] or other[track])]:
        return {track: ({track: own[track]}, {track: other[track]}) for track in both}
    said = [track for track, intervals in other.items() if intervals]
    if len(said) > 1:
        raise UserError(
            f"{names[1]}: expected tiers of the tracks {listed(own)} of {names[0]}, found {listed(said)}: name them in a -mapping"
        )
    longest = sorted(own, key=lambda track: -sum(interval.end_s - interval.start_s for interval in own[track]))
    return {said[0]: ({track: own[track] for track in longest}, {said[0]: other[said[0]]})}


def _notes(ours: Annotation, theirs: Annotation, pairs: dict[str, Pair], names: Sequence[str]) -> Iterator[str]:
    for side, (annotation, name) in enumerate(zip((ours, theirs), names, strict=True)):
        compared = {tier for pair in pairs.values() for tier in pair[side]}
        if left := [tier for tier, intervals in annotation.by_track().items() if intervals and tier not in compared]:
            yield f"not compared of {name}: {listed(left)}"
    stems = [re.sub(r"\.\w+$", "", re.split(r"[/\\]", annotation.media or "")[-1]) for annotation in (ours, theirs)]
    if all(stems) and stems[0] != stems[1]:
        yield f"{names[0]} is of the video {stems[0]!r}, {names[1]} of {stems[1]!r}"


def _filled(tiers: dict[str, list[Interval]], count: int, every_s: float, mapping: LabelMapping, name: str, gaps: str | None) -> np.ndarray:
    """The class at each sample, int8 [count]: of the first tier that says something there; gaps: where none does."""
    labels = np.full(count, NOTHING if gaps is None else CLASSES.index(gaps), np.int8)
    mapping.check((interval.label for intervals in tiers.values() for interval in intervals), name)
    for tier, intervals in reversed(tiers.items()):
        for before, interval in zip([None, *intervals], intervals, strict=False):
            # Programs round to milliseconds, and some to hundredths.
            if before and interval.start_s < before.end_s - 0.01:
                where = f"{interval.start_s:.3f} s begins before the one from {before.start_s:.3f} to {before.end_s:.3f} s ends"
                raise UserError(
                    f"{name}: expected one interval at a time on the tier {tier[:40]!r}, found that the one at {where}: mend it there"
                )
            meant = mapping.class_of(interval.label)
            if meant is not None:
                first, last = (ceil(round(time_s / every_s - 0.5, 6)) for time_s in (interval.start_s, interval.end_s))
                labels[max(0, first) : max(0, last)] = CLASSES.index(meant)
    return labels
