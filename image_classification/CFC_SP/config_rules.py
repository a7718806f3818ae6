# SPDX-License-Identifier: Apache-2.0
"""The rules that a configuration keeps, each broken one named."""

import math
import re
from functools import reduce
from pathlib import Path

from yacs.config import CfgNode

from ..backbones import BACKBONES, family_of
from .core.alignment import ALIGNMENTS
from .core.kinds import KINDS, MOST_TAU
from .core.labels import EXPR, STAGES
from .core.preprocess import NORMALIZATIONS
from .support.errors import UserError

_CHOICES = {
    "STAGE": tuple(STAGES),
    "DATA.TARGETS": ("votes", "single"),
    "MODEL.NAME": tuple(BACKBONES),
    "MODEL.IN_CHANNELS": (1, 3),
    "DATA.ALIGN": ALIGNMENTS,
    "MODEL.NORMALIZE": NORMALIZATIONS,
    "TRAIN.OPTIMIZER": ("adamw", "sgd"),
    "TRAIN.AMP": ("none", "float16", "bfloat16"),
    "SP.KIND": tuple(KINDS),
    "SP.NORMALIZER": ("count", "window"),
    "CASCADE.NEGATIVE_SCOPE": ("routed", "all"),
}
_PROBABILITIES = (
    *("AUG.ROTATION_PROB", "AUG.FLIP", "AUG.GREY", "AUG.JITTER_PROB", "AUG.BLUR", "AUG.LOW_RES", "AUG.NOISE", "AUG.ERASING"),
    *("TRAIN.TEACHER_SHARE", "TRAIN.WARMUP_START"),
)
_SHARES = ("AUG.SCALE", "AUG.JITTER", "TRAIN.LABEL_SMOOTHING", "TRAIN.EMA_DECAY", "TRAIN.MOMENTUM", "MODEL.DROPOUT", "MODEL.DROP_PATH")
_RANGES = ("AUG.CROP_AREA", "AUG.BLUR_SIGMA", "AUG.LOW_RES_SIDE", "AUG.NOISE_SIGMA", "AUG.ERASING_AREA")
_RUNS = ("CASCADE.COARSE", "CASCADE.NEGATIVE")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Pictures larger than that are no crops of faces.
_MOST = {"DATA.CROP_SIZE": 1024, "MODEL.INPUT_SIZE": 1024, "TRAIN.EPOCHS": 100_000, "SP.WINDOW": 1_000_000, "SEED": 2**63 - 1}
_POSITIVE = (
    *("DATA.CROP_SIZE", "MODEL.INPUT_SIZE", "TRAIN.EPOCHS", "TRAIN.BATCH_SIZE", "TRAIN.BASE_LR", "TRAIN.SAVE_EVERY"),
    *("TRAIN.ACCUMULATE", "TRAIN.KEEP", "TRAIN.TEACHER_TEMPERATURE"),
)
_NOT_NEGATIVE = (
    *("SEED", "DATA.REPEAT_THRESHOLD", "DATA.CROP_MARGIN", "AUG.ROTATION", "AUG.SHIFT", "SP.WINDOW"),
    *("TRAIN.WARMUP_EPOCHS", "TRAIN.MIN_LR", "TRAIN.WEIGHT_DECAY", "TRAIN.GRAD_CLIP", "TRAIN.PATIENCE", "TRAIN.LOGIT_ADJUSTMENT"),
)
_INTERVALS = (
    (_PROBABILITIES, lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    (_SHARES, lambda value: 0 <= value < 1, "a share from 0 to below 1"),
    (_POSITIVE, lambda value: 0 < value < math.inf, "more than 0"),
    (_NOT_NEGATIVE, lambda value: 0 <= value < math.inf, "0 or more"),
)


def check_rules(config: CfgNode) -> None:
    """Raises UserError for the first value of a whole tree that is not allowed, with the key, what is expected and what was found."""

    def get(name):
        return reduce(lambda node, part: node[part], name.split("."), config)

    for name, choices in _CHOICES.items():
        if get(name) not in choices:
            raise UserError(f"{name}: expected one of {', '.join(map(str, choices))}, found {get(name)!r}")
    for names, fits, words in _INTERVALS:
        for name in names:
            if not fits(get(name)):
                raise UserError(f"{name}: expected {words}, found {get(name)}")
    for name in _RANGES:
        if not (len(get(name)) == 2 and all(isinstance(v, int | float) for v in get(name)) and 0 < get(name)[0] <= get(name)[1]):
            raise UserError(f"{name}: expected a range of two rising numbers above 0, found {get(name)}")
    if config.AUG.CROP_AREA[1] > 1:
        raise UserError(f"AUG.CROP_AREA: expected shares of the picture's area up to 1, found {config.AUG.CROP_AREA}")
    for name in _RUNS:
        if wrong := [run for run in get(name) if not (isinstance(run, str) and _RUN.fullmatch(run))]:
            raise UserError(f"{name}: expected names of folders such as swin_s_coarse, without a path, found {wrong[0]!r}")
    for name, most in _MOST.items():
        if get(name) > most:
            raise UserError(f"{name}: expected {most} at most, found {get(name)}")
    if Path(config.NAME).name != config.NAME or config.NAME.startswith(".") or len(config.NAME) > 200:
        raise UserError(f"NAME: expected the name of a folder in OUTPUT, found {shown(config.NAME)}: leave out / and a dot in front")
    if not 0 <= config.PRIOR.TAU <= MOST_TAU:
        raise UserError(f"PRIOR.TAU: expected a power from 0 to {MOST_TAU:g}, found {config.PRIOR.TAU}")
    shares = config.PRIOR.SHARES
    if shares and not (len(shares) == len(EXPR) and all(isinstance(share, int | float) and 0 < share <= 1 for share in shares)):
        raise UserError(f"PRIOR.SHARES: expected {len(EXPR)} numbers above 0 and at most 1, found {shares}")
    if config.PRIOR.TAU and not shares:
        raise UserError(f"PRIOR.TAU {config.PRIOR.TAU} needs the classes' shares, found none: add PRIOR.SHARES")
    family, side = family_of(config.MODEL.NAME), config.MODEL.INPUT_SIZE
    if side < family.min_input or side % family.input_multiple:
        multiple = f", a multiple of {family.input_multiple}" if family.input_multiple > 1 else ""
        raise UserError(f"MODEL.INPUT_SIZE for {config.MODEL.NAME}: expected {family.min_input} px or more{multiple}, found {side}")
    if config.MODEL.DROP_PATH and not family.has_drop_path:
        raise UserError(f"MODEL.DROP_PATH: expected 0, since {config.MODEL.NAME} has no drop path, found {config.MODEL.DROP_PATH}")
    for name, kind in (("TRAIN.TEACHERS", "paths"), ("MODEL.FROZEN", "names")):
        if not all(isinstance(item, str) for item in get(name)):
            raise UserError(f"{name}: expected a list of {kind}, found {get(name)}")
    if config.TRAIN.BATCH_SIZE % config.TRAIN.ACCUMULATE:
        raise UserError(f"TRAIN.ACCUMULATE {config.TRAIN.ACCUMULATE} must divide TRAIN.BATCH_SIZE {config.TRAIN.BATCH_SIZE}")
    if config.TRAIN.WARMUP_EPOCHS >= config.TRAIN.EPOCHS:
        wish = f"lower TRAIN.WARMUP_EPOCHS to {config.TRAIN.EPOCHS / 10:g}, or raise TRAIN.EPOCHS ({config.TRAIN.EPOCHS})"
        raise UserError(f"TRAIN.WARMUP_EPOCHS: expected less than TRAIN.EPOCHS, found {config.TRAIN.WARMUP_EPOCHS}: {wish}")


def shown(value) -> str:
    """A value as a message shows it."""
    # YAML leaves a number beyond 64 bits as text.
    text = f"a number of {len(value)} digits" if isinstance(value, str) and value.isdecimal() and len(value) > 18 else repr(value)
    return text if len(text) <= 60 else f"a long {type(value).__name__}"
