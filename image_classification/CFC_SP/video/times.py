# SPDX-License-Identifier: Apache-2.0
"""When frames are shown, and how many there are a second, from the times that they bear."""

from collections.abc import Iterable
from itertools import islice, pairwise

import av

from ..support.errors import UserError

# What a container's claim may be where no times tell otherwise, and what is taken where it is none.
MAX_FPS, FALLBACK_FPS = 480.0, 30.0
# The most that times themselves may tell; what repeats within less is no rate.
MOST_MEASURED_FPS = 1000.0
# How far a claim may be from what the frames' times say.
FITTING = 1.25
# A step back by more begins another recording, which goes on where the one before ends; a shorter one is one wrong time.
NEW_RECORDING_S = 1.0
# Intervals of so many times the usual one, and of more than a second, are gaps.
GAP_SHARE, LEAST_GAP_S = 10.0, 1.0
# How far a live stream's clock may be from this machine's: its sender may hold frames back, and send them together.
TOLERANCE_S = 10.0
# Entries of an index that are looked at: longer clips average a gap away.
MOST_ENTRIES = 200_000


class FrameTimes:
    """Gives every frame of a clip its time in seconds, in order: the container's own as far as they increase.

    fps: the rate for frames without a time. by_decoding: the container has no presentation times, so that frames bear those of
    their decoding. ignored: frames are counted, whatever times they bear. begin_s: when the first one is shown where it has no time.
    """

    def __init__(self, fps: float, by_decoding: bool = False, ignored: bool = False, begin_s: float = 0.0):
        self._frame_s, self._by_decoding, self._ignored, self._begin_s = 1 / fps, by_decoding, ignored, begin_s
        self.last_s: float | None = None
        self._shift_s = 0.0
        self._count = 0
        self._last_pts = self._last_dts = None
        self._faulty_pts = self._faulty_dts = 0

    def of(self, picture: av.VideoFrame) -> float:
        """The time of the next frame: after the one before it, by a frame's length where its own is none or lies before that."""
        stamp = None if self._ignored else self._stamp(picture)
        time_s = None if stamp is None else float(stamp * picture.time_base) + self._shift_s
        if self.last_s is None:
            time_s = self._begin_s if time_s is None else time_s
        elif self._ignored:
            time_s = self._begin_s + self._count * self._frame_s
        elif time_s is None or time_s <= self.last_s:
            behind_s = 0.0 if time_s is None else self.last_s - time_s
            time_s = self.last_s + self._frame_s
            self._shift_s += behind_s + self._frame_s if behind_s > NEW_RECORDING_S else 0.0
        self._count += 1
        self.last_s = time_s
        return time_s

    def _stamp(self, picture: av.VideoFrame) -> int | None:
        """FFmpeg's guess at the right one of two: presentation times, unless they go back more often than decoding times do."""
        pts, dts = picture.pts, picture.dts
        if self._by_decoding:
            return dts
        if dts is not None:
            self._faulty_dts += self._last_dts is not None and dts <= self._last_dts
            self._last_dts = dts
        if pts is not None:
            self._faulty_pts += self._last_pts is not None and pts <= self._last_pts
            self._last_pts = pts
        return pts if pts is not None and (self._faulty_pts <= self._faulty_dts or dts is None) else dts


class LiveTimes:
    """Gives every frame of a stream its time in seconds from the first one on, in order: the stream's own, tied to the clock of this
    machine, on which a camera's may jump by hours.

    fps: the rate for frames without a time. is_finite: it is a file's, whose times mean what they say. jumps: those of the stream's
    clock that were not followed.
    """

    def __init__(self, fps: float, is_finite: bool):
        self._frame_s, self._is_finite = 1 / fps, is_finite
        self._first_at = self._last_at = self._last_stamp_s = None
        self._last_s = 0.0
        self.jumps = 0

    def connect_anew(self) -> None:
        """Tells that the next frame comes over another connection, whose clock began when it liked."""
        self._last_stamp_s = None

    def of(self, stamp_s: float | None, now: float) -> float:
        """The time of the next frame. stamp_s: its own time; now: when it came, in seconds of a clock that never goes back."""
        if self._first_at is None:
            self._first_at = self._last_at = now
            self._last_stamp_s = stamp_s
            return 0.0
        passed_s, step_s = now - self._last_at, self._frame_s
        if self._last_stamp_s is not None and stamp_s is not None:
            step_s = stamp_s - self._last_stamp_s
            if step_s < -NEW_RECORDING_S or (step_s > passed_s + TOLERANCE_S and not self._is_finite):
                self.jumps += 1
                step_s = passed_s
        time_s = self._last_s + (step_s if step_s > 0 else self._frame_s)
        behind_s = now - self._first_at - time_s
        # A break, and a sender that stood still, take the time that they took.
        if behind_s > 0 and (self._last_stamp_s is None or (behind_s > TOLERANCE_S and not self._is_finite)):
            time_s = now - self._first_at
        self._last_s, self._last_at, self._last_stamp_s = time_s, now, stamp_s
        return time_s


def checked_fps(fps: float | None) -> float | None:
    """A frame rate as it is asked for; raises UserError for one outside 0 to MAX_FPS."""
    if fps is not None and not 0 < fps <= MAX_FPS:
        raise UserError(f"-fps: expected a number of pictures a second above 0 and up to {MAX_FPS:g}, found {fps:g}")
    return fps


def stated_rate(stream) -> float:
    """The average frames a second that the container states, FALLBACK_FPS where that is none or cannot be."""
    # Containers with a clock in milliseconds may state 1000 for any clip.
    stated = [float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate]
    return next((rate for rate in stated if 0 < rate <= MAX_FPS), FALLBACK_FPS)


def own_rate(stream) -> float:
    """The frames a second of a raw stream, whose frames bear no times: that of its headers, or the usual one of its format."""
    rate = stream.codec_context.framerate
    return float(rate) if rate and 0 < rate <= MAX_FPS else stated_rate(stream)


def fitting_rate(stream, times_s: Iterable[float]) -> float:
    """The container's average frames a second where the frames' times agree with it, and what these say where they do not."""
    stated, measured = stated_rate(stream), measured_rate(times_s)
    return stated if measured is None or 1 / FITTING < stated / measured < FITTING else measured


def measured_rate(times_s: Iterable[float]) -> float | None:
    """Frames a second, gaps left out, of frames shown at these times, in any order; None where they tell none."""
    ordered = sorted(times_s)
    intervals = sorted(after - before for before, after in pairwise(ordered) if after > before)
    if not intervals:
        return None
    most = max(GAP_SHARE * intervals[len(intervals) // 2], LEAST_GAP_S)
    intervals = [interval for interval in intervals if interval <= most]
    return min(len(intervals) / sum(intervals), MOST_MEASURED_FPS)


def indexed_times(stream) -> list[float] | None:
    """The times of all frames, in seconds, from the container's index; None where it has none of every frame, or a very long one."""
    if not stream.frames or stream.frames > MOST_ENTRIES or len(stream.index_entries) < stream.frames:
        return None
    return [float(entry.timestamp * stream.time_base) for entry in islice(stream.index_entries, MOST_ENTRIES)]
