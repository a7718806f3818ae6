# SPDX-License-Identifier: Apache-2.0
"""The label sets of CFC-SP and the maps between them: the one place that names a class.

EXPR is ABAW3's order. The coarse stage merges the four negative expressions, the negative stage tells them apart (section 3.2).
"""

EXPR = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")
COARSE = ("Neutral", "Happiness", "Surprise", "Other", "Negative")
NEGATIVE = ("Anger", "Disgust", "Fear", "Sadness")

NEGATIVE_CLASS = COARSE.index("Negative")
IGNORED = -1

EXPR_TO_COARSE = tuple(NEGATIVE_CLASS if name in NEGATIVE else COARSE.index(name) for name in EXPR)
EXPR_TO_NEGATIVE = tuple(NEGATIVE.index(name) if name in NEGATIVE else IGNORED for name in EXPR)
COARSE_TO_EXPR = tuple(EXPR.index(name) if name in EXPR else IGNORED for name in COARSE)
NEGATIVE_TO_EXPR = tuple(EXPR.index(name) for name in NEGATIVE)

STAGES = {"coarse": COARSE, "negative": NEGATIVE, "flat": EXPR}
EXPR_TO_STAGE = {"coarse": EXPR_TO_COARSE, "negative": EXPR_TO_NEGATIVE, "flat": tuple(range(len(EXPR)))}

# What data sets call the classes, in lower case; EXPR's Other takes what ABAW has no class for.
EXPR_NAMES = {
    **{name.lower(): name for name in EXPR},
    **{"angry": "Anger", "disgusted": "Disgust", "fearful": "Fear", "happy": "Happiness", "sad": "Sadness", "surprised": "Surprise"},
    "contempt": "Other",
}


def expr_of(names: tuple[str, ...]) -> tuple[int, ...]:
    """The EXPR number of each of a data set's own class names; IGNORED for a name that says that there is no expression."""
    return tuple(EXPR.index(EXPR_NAMES[name]) if name in EXPR_NAMES else IGNORED for name in names)
