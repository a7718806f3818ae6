# SPDX-License-Identifier: Apache-2.0
"""An annotation to write, and to find again in what was written."""

from image_classification.CFC_SP.core.annotation import Annotation, Interval

MADE_UP = Annotation(
    (
        Interval("1", 0.04, 1.234, "Neutral", 0.91),
        Interval("2", 0.5, 3.0, "Anger", 0.5),
        Interval("1", 1.234, 2.0, "Happiness", 0.876),
        Interval("1", 2.4, 3601.001, "Surprise", 1.0),
    ),
    ("1", "2", "10"),
    None,
    3605.0,
)
