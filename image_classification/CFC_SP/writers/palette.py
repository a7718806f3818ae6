# SPDX-License-Identifier: Apache-2.0
"""One colour a class, for the video, the plots and the report alike."""

from ..core.labels import EXPR

COLOURS = dict(
    zip(
        EXPR,
        (
            (187, 187, 187),
            (213, 94, 0),
            (0, 158, 115),
            (204, 121, 167),
            (240, 228, 66),
            (0, 114, 178),
            (230, 159, 0),
            (86, 180, 233),
        ),
        strict=True,
    )
)
"""RGB [0, 255] of each class of EXPR: Okabe and Ito's palette, which colour-blind people tell apart (jfly.uni-koeln.de/color),
with light grey in the place of black, which no video would show."""


def text_colour(background: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, RGB, whichever contrasts more with the RGB [0, 255] `background` (WCAG 2.1, relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in background)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if (luminance + 0.05) ** 2 > 1.05 * 0.05 else (255, 255, 255)
