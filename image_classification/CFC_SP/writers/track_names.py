# SPDX-License-Identifier: Apache-2.0
"""What tracks are called in the files of other programs."""

import re

_TIER = re.compile(r"(?:track|face|person|subject) ?#?(\d+)", re.I)


def tier_of(track: str) -> str:
    """The name of a track's tier: "track 1" of the track 1, that of a person as it is."""
    return f"track {track}" if track.isdecimal() else track


def track_of(tier: str) -> str:
    """The track of a tier's name: "1" of "track 1", and of "Face 1", too; any other name as it is, without space around it."""
    found = _TIER.fullmatch(tier.strip())
    return str(int(found[1])) if found else tier.strip()
