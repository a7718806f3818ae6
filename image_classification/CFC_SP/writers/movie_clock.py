# SPDX-License-Identifier: Apache-2.0
"""When each time of a clip is shown in its annotated video, which begins at 0 and waits through no gap of hours."""

from bisect import bisect_right

LONGEST_GAP_S, SHORTENED_S = 600.0, 1.0
"""A gap between two frames that lasts longer than the first is shown as one of the second."""


class MovieClock:
    """Turns seconds of a clip into seconds of its annotated video.

    anchors: (seconds of the video, seconds of the clip), increasing; behind each, both run alike. gaps: (from, to) in seconds of the
    clip, those that were shortened.
    """

    def __init__(self):
        self.anchors: list[tuple[float, float]] = [(0.0, 0.0)]
        self.gaps: list[tuple[float, float]] = []
        self._last_s: float | None = None

    def begin(self, clip_s: float) -> None:
        """Tells which time of the clip is the video's 0."""
        self.anchors = [(0.0, clip_s)]

    def frame(self, clip_s: float) -> float:
        """When the next frame is shown."""
        if self._last_s is not None and clip_s - self._last_s > LONGEST_GAP_S:
            self.gaps.append((self._last_s, clip_s))
            self.anchors.append((self._last_anchored(self._last_s) + SHORTENED_S, clip_s))
        self._last_s = clip_s
        return self._last_anchored(clip_s)

    def of(self, clip_s: float) -> float | None:
        """When what the clip has at that time comes; None where it lies in the part of a gap that is left out, behind the first half of
        the second that is shown of it, and before the other half."""
        number = bisect_right(self.anchors, clip_s, key=lambda anchor: anchor[1])
        movie_s, from_s = self.anchors[max(number - 1, 0)]
        shown_s = movie_s + clip_s - from_s
        if number in (0, len(self.anchors)):
            return shown_s
        after_movie_s, after_s = self.anchors[number]
        if shown_s <= after_movie_s - SHORTENED_S / 2:
            return shown_s
        return after_movie_s + clip_s - after_s if after_s - clip_s <= SHORTENED_S / 2 else None

    def warnings(self) -> list[str]:
        """What to tell of the gaps, in one sentence, or none."""
        if not self.gaps:
            return []
        (from_s, to_s), more = self.gaps[0], len(self.gaps) - 1
        others = f" (and {more} more)" if more else ""
        return [f"The annotated video shortens the gap from {from_s:.3f} s to {to_s:.3f} s{others} to {SHORTENED_S:g} s."]

    def _last_anchored(self, clip_s: float) -> float:
        movie_s, from_s = self.anchors[-1]
        return movie_s + clip_s - from_s
