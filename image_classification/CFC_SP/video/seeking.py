# SPDX-License-Identifier: Apache-2.0
"""Where to begin decoding so that a clip's part is reached quickly and its frames keep the numbers of a full decode."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass

from ..core.span import Span
from ..support.packets import packets_of
from .decoding import COUNTABLE


@dataclass(frozen=True, slots=True)
class Landing:
    """A key frame to seek to. time: when it is decoded, in the stream's time base. places: where in the file the packets of the key
    frames up to it lie. seen: the presentation times of all packets up to the part's begin, in the order of the file."""

    time: int
    places: frozenset[int | None]
    seen: array

    def index_of(self, pts: int) -> int | None:
        """The index, in a full decode, of the frame presented at `pts`; None where no packet has that time."""
        ordered = sorted(self.seen)
        index = bisect_left(ordered, pts)
        return index if index < len(ordered) and ordered[index] == pts else None

    def packets_before(self, pts: int) -> int:
        """How many packets lie in the file before the one presented at `pts`."""
        return self.seen.index(pts)


def find_landing(container, stream, span: Span, origin_s: float) -> Landing | None:
    """The last key frame not behind the begin of `span`, found by reading packets without decoding them.

    container, stream: PyAV's, just opened. origin_s: the time of the clip's first frame. None where packets do not tell the frames'
    numbers: codecs whose packets are not frames, missing or repeated times or such that go back, times of decoding in the place of those of
    presentation (H.264 in AVI, ASF and MXF), frames at the beginning that need earlier ones, damage. The clip is then to be decoded from
    its beginning.
    """
    if stream.codec_context.codec.canonical_name not in COUNTABLE:
        return None
    seen, places, key, last, is_reordered = array("q"), set(), None, None, False
    for packet in packets_of(container, stream):
        if not packet.size:
            if packet.dts is None and packet.pts is None:
                break
            continue
        # Matroska's first packets have no decoding time.
        if packet.pts is None or packet.pts < (packet.dts or packet.pts) or packet.is_corrupt or packet.is_discard:
            return None
        if packet.dts is not None:
            # Another recording begins, whose times are not the clip's.
            if last is not None and packet.dts <= last:
                return None
            last = packet.dts
        if not span.begins_after(float(packet.pts * packet.time_base), origin_s):
            if packet.dts is not None and not span.begins_after(float(packet.dts * packet.time_base), origin_s):
                break
        elif packet.is_keyframe:
            key = packet.pts if packet.dts is None else packet.dts
            places.add(packet.pos)
        # A stream that begins between key frames loses frames until the first, and often those shown before it.
        if key is None or (seen and packet.pts < seen[0]):
            return None
        is_reordered = is_reordered or (bool(seen) and packet.pts < seen[-1])
        seen.append(packet.pts)
    if key is None or len(set(seen)) < len(seen) or (stream.codec_context.has_b_frames and not is_reordered):
        return None
    return Landing(key, frozenset(places), seen)
