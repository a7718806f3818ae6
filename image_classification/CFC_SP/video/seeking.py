"""Where to begin decoding so that a clip's part is reached quickly and its frames keep the numbers of a full decode."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass

from ..core.span import Span
from ..support.packets import packets_of

# Of these codecs each packet gives one frame, and a frame marked as key needs none before it. VP8 hides frames, Xvid packs two
# into a packet, and a GIF's frame shows what those before it left.
COUNTABLE = ("h264", "hevc", "vp9", "av1", "mjpeg", "prores", "dnxhd", "ffv1")


@dataclass(frozen=True, slots=True)
class Landing:
    """A key frame to seek to. time: when it is decoded, in the stream's time base. seen: the presentation times of all packets up
    to the part's begin, in the order of the file."""

    time: int
    seen: array

    def index_of(self, pts: int) -> int | None:
        """The index, in a full decode, of the frame presented at `pts`; None where no packet has that time."""
        ordered = sorted(self.seen)
        index = bisect_left(ordered, pts)
        return index if index < len(ordered) and ordered[index] == pts else None

    def packets_before(self, pts: int) -> int:
        """How many packets lie in the file before the one presented at `pts`."""
        return self.seen.index(pts)


def find_landing(container, stream, span: Span) -> Landing | None:
    """The last key frame not behind the begin of `span`, found by reading packets without decoding them.

    container, stream: PyAV's, just opened. None where packets do not tell the frames' numbers: codecs whose packets are not
    frames, missing or repeated times, damage. The clip is then to be decoded from its beginning.
    """
    if stream.codec_context.codec.canonical_name not in COUNTABLE:
        return None
    seen, key = array("q"), None
    for packet in packets_of(container, stream):
        if not packet.size:
            break
        # Matroska's first packets have no decoding time.
        if packet.pts is None or packet.pts < (packet.dts or packet.pts) or packet.is_corrupt or packet.is_discard:
            return None
        if not span.begins_after(float(packet.pts * packet.time_base)):
            if packet.dts is not None and not span.begins_after(float(packet.dts * packet.time_base)):
                break
        elif packet.is_keyframe:
            key = packet.pts if packet.dts is None else packet.dts
        # A stream that begins between key frames loses frames until the first.
        if key is None:
            return None
        seen.append(packet.pts)
    return Landing(key, seen) if key is not None and len(set(seen)) == len(seen) else None
