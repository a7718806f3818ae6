# SPDX-License-Identifier: Apache-2.0
"""The configuration tree: every key with its default, inheritance by BASE, and the rules between keys, checked by name."""

import difflib
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
from .support.layered_yaml import parse_yaml, read_layers

CONFIG_FOLDER = Path(__file__).parent / "configs"


def default_config() -> CfgNode:
    """A fresh tree with every key at its default."""
    c = CfgNode()
    c.NAME = ""  # what the output folder is called; empty: the config file's stem
    c.STAGE = "coarse"  # coarse (5 classes), negative (4) or flat (8)
    c.SEED = 0  # of initialisation, order and augmentation
    c.OUTPUT = "output"  # folder that receives one folder a run

    c.DATA = CfgNode()
    c.DATA.NAME = "ferplus"  # a key of data.datasets.DATASETS
    c.DATA.ROOT = ""  # the data set's zip or unpacked folder
    c.DATA.TARGETS = "votes"  # votes (the taggers' distribution) or single (the majority class)
    c.DATA.CROP_SIZE = 48  # side of the crops in px, in training and in video
    c.DATA.CROP_MARGIN = 0.0  # share of the face box's longer side added around it in video, to frame faces as in training
    c.DATA.ALIGN = "none"  # none (upright squares on boxes) or similarity (five points moved to where face networks expect them)
    c.DATA.REPEAT_THRESHOLD = 0.05  # t of repeat-factor oversampling (section 4.1); 0 switches it off

    c.MODEL = CfgNode()
    c.MODEL.NAME = "repvgg_lite"  # a key of backbones.BACKBONES
    c.MODEL.INPUT_SIZE = 48  # side of the network's input in px
    c.MODEL.IN_CHANNELS = 1  # 1: grey, 3: RGB
    c.MODEL.NORMALIZE = "image"  # image (each by its own mean and deviation), imagenet, or facexzoo (BGR, (x - 127.5) / 128)
    c.MODEL.DROPOUT = 0.0  # before the classifier
    c.MODEL.DROP_PATH = 0.0  # of residual branches, rising to this rate at the last block; for backbones that have it
    c.MODEL.PRETRAINED = ""  # weights to start from, ours or foreign; their classifier is left out when the classes differ
    c.MODEL.FROZEN = []  # the first parts of the backbone, to stay as they were loaded, statistics included: stem, pairs.0

    c.AUG = CfgNode()
    c.AUG.ROTATION = 14.0  # degrees either way
    c.AUG.ROTATION_PROB = 1.0  # probability of the rotation
    c.AUG.CROP_AREA = [1.0, 1.0]  # share of the picture's area that a random square of it has; [1, 1] takes the whole
    c.AUG.SCALE = 0.17  # zoom, share either way
    c.AUG.SHIFT = 0.12  # of the side, either way
    c.AUG.FLIP = 0.5  # probability
    c.AUG.GREY = 0.0  # probability of grey
    c.AUG.JITTER = 0.2  # brightness, contrast and saturation, share either way
    c.AUG.JITTER_PROB = 1.0  # probability of the jitter
    c.AUG.BLUR = 0.2  # probability of a Gaussian blur
    c.AUG.BLUR_SIGMA = [0.3, 1.0]  # px of the crop
    c.AUG.LOW_RES = 0.0  # probability of a loss of resolution
    c.AUG.LOW_RES_SIDE = [0.4, 0.9]  # what is left of the side, share
    c.AUG.NOISE = 0.0  # probability of noise
    c.AUG.NOISE_SIGMA = [2.0, 20.0]  # its deviation, of 255
    c.AUG.ERASING = 0.4  # probability of erasing a rectangle
    c.AUG.ERASING_AREA = [0.02, 0.2]  # of the picture

    c.TRAIN = CfgNode()
    c.TRAIN.EPOCHS = 30
    c.TRAIN.BATCH_SIZE = 128  # of a step, over all processes
    c.TRAIN.OPTIMIZER = "adamw"  # adamw or sgd
    c.TRAIN.MOMENTUM = 0.9  # of sgd
    c.TRAIN.AMP = "none"  # none, float16 or bfloat16: what the network computes in on a GPU; a CPU computes in float32
    c.TRAIN.BASE_LR = 3e-3  # peak learning rate for 128 images a step
    c.TRAIN.WARMUP_EPOCHS = 2.0
    c.TRAIN.WARMUP_START = 0.01  # share of the peak rate that the warm-up begins with
    c.TRAIN.MIN_LR = 1e-5
    c.TRAIN.WEIGHT_DECAY = 0.05  # on matrices and kernels; never on biases and normalisation
    c.TRAIN.GRAD_CLIP = 0.0  # global norm; 0 switches it off
    c.TRAIN.LABEL_SMOOTHING = 0.0
    c.TRAIN.EMA_DECAY = 0.998  # of the weights that are validated and kept; 0 switches it off
    c.TRAIN.ACCUMULATE = 1  # parts in which a batch is computed, where memory does not hold all of it; gradients add up
    c.TRAIN.TEACHERS = []  # best.safetensors of this stage whose opinions become a share of the target; none: no distillation
    c.TRAIN.TEACHER_SHARE = 0.5  # of the target that comes from the teachers; the rest from the labels
    c.TRAIN.TEACHER_TEMPERATURE = 1.0  # softens the teachers' probabilities above 1
    c.TRAIN.PATIENCE = 0  # epochs without a better validation macro-F1 after which training ends; 0: all epochs
    c.TRAIN.KEEP = 1  # how many of the best epochs' weights to keep
    c.TRAIN.SAVE_EVERY = 200  # steps between checkpoints within an epoch; one is always written at its end

    c.SP = CfgNode()
    c.SP.WINDOW = 256  # frames at 30 fps; 0 switches smooth predicting off
    c.SP.KIND = "logits"  # logits (the paper's), probabilities or decoder: what is averaged over the window
    c.SP.NORMALIZER = "count"  # of logits: count (terms present) or window (eq. 1 literally)
    c.CASCADE = CfgNode()
    c.CASCADE.COARSE = []  # the coarse ensemble's runs, by the names of their folders, such as swin_s_coarse
    c.CASCADE.NEGATIVE = []  # the negative ensemble's runs
    c.CASCADE.NEGATIVE_SCOPE = "routed"  # of logits: routed (frames the coarse stage calls Negative) or all
    c.PRIOR = CfgNode()
    c.PRIOR.TAU = 0.0  # power of the classes' shares by which a bundle divides its probabilities; 0 leaves the training data's prior
    c.PRIOR.SHARES = []  # the classes' shares of the training data, eight in EXPR order; none: not known
    return c


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
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
# Pictures larger than that are no crops of faces.
_MOST = {"DATA.CROP_SIZE": 1024, "MODEL.INPUT_SIZE": 1024, "TRAIN.EPOCHS": 100_000, "SP.WINDOW": 1_000_000, "SEED": 2**63 - 1}
_POSITIVE = (
    *("DATA.CROP_SIZE", "MODEL.INPUT_SIZE", "TRAIN.EPOCHS", "TRAIN.BATCH_SIZE", "TRAIN.BASE_LR", "TRAIN.SAVE_EVERY"),
    *("TRAIN.ACCUMULATE", "TRAIN.KEEP", "TRAIN.TEACHER_TEMPERATURE"),
)
_NOT_NEGATIVE = (
    *("SEED", "DATA.REPEAT_THRESHOLD", "DATA.CROP_MARGIN", "AUG.ROTATION", "AUG.SHIFT", "SP.WINDOW"),
    *("TRAIN.WARMUP_EPOCHS", "TRAIN.MIN_LR", "TRAIN.WEIGHT_DECAY", "TRAIN.GRAD_CLIP", "TRAIN.PATIENCE"),
)
_INTERVALS = (
    (_PROBABILITIES, lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    (_SHARES, lambda value: 0 <= value < 1, "a share from 0 to below 1"),
    (_POSITIVE, lambda value: 0 < value < math.inf, "more than 0"),
    (_NOT_NEGATIVE, lambda value: 0 <= value < math.inf, "0 or more"),
)


def load_config(path: str | Path, options: list[str] | None = None, row: int | None = None) -> CfgNode:
    """The tree of a YAML file (its BASE files first), with `options` ["KEY", "VALUE", ...] on top, checked and frozen.

    row: which of its ROWS, for a file that holds several configs; the name is then that of the file and the row, as in table2_09.
    A path that does not exist from here is looked up beside this file, so that `configs/x.yaml` works from anywhere.
    Raises UserError for a missing or malformed file, an unknown key, a value of the wrong type, a broken rule between keys, a row that
    is not there, and a file of rows without one.
    """
    config = default_config()
    path = find_config(path)
    for origin, tree in read_layers(path, row):
        _merge(config, tree, origin)
    options = options or []
    if len(options) % 2:
        raise UserError(f"-opts takes pairs of KEY VALUE, found {len(options)} words: {' '.join(options)}")
    for key, value in zip(options[::2], options[1::2], strict=True):
        # A name or a path is taken as it was typed, whatever YAML would make of it.
        typed = value if isinstance(_default_of(key), str) else parse_yaml(value, f"-opts {key}")
        _merge(config, _nested(key, typed), "-opts")
    config.NAME = config.NAME or (path.stem if row is None else f"{path.stem}_{row:02d}")
    _check(config)
    config.freeze()
    return config


def parse_config(text: str) -> CfgNode:
    """The tree that `config.dump()` wrote, as checkpoints and bundles carry it; keys that no longer exist raise UserError."""
    if not isinstance(text, str):
        raise UserError("a checkpoint's config is malformed: expected text")
    config, tree = default_config(), parse_yaml(text, "a checkpoint's config")
    if not isinstance(tree, dict):
        raise UserError(f"a checkpoint's config: expected keys and values, found {type(tree).__name__}")
    _merge(config, tree, "a checkpoint's config")
    _check(config)
    config.freeze()
    return config


def shipped_configs() -> list[Path]:
    """The files of all configs that ship, without those that others take as BASE."""
    return sorted(path for path in CONFIG_FOLDER.rglob("*.yaml") if not path.name.startswith("_"))


def config_of_run(name: str) -> str:
    """The shipped config whose run is called `name`, as `-cfg` takes it: configs/lite/lite_repvgg_64.yaml. UserError where none is."""
    for path in shipped_configs():
        if path.stem == name:
            return path.relative_to(CONFIG_FOLDER.parent).as_posix()
    raise UserError(f"no config of a run {name!r} ships: expected one of {', '.join(path.stem for path in shipped_configs())}")


def find_config(path: str | Path) -> Path:
    """The config file called `path`, from here or beside this file; raises UserError, with the shipped ones, where there is none."""
    for candidate in (Path(path), CONFIG_FOLDER.parent / path):
        if candidate.is_file():
            return candidate
    shipped = shipped_configs()
    likely = [own for own in shipped if own.name == Path(path).name] or shipped
    known = ", ".join(own.relative_to(CONFIG_FOLDER.parent).as_posix() for own in likely)
    raise UserError(f"no config file {str(path)!r}: expected a YAML file, such as {known}")


def _default_of(key: str):
    node = default_config()
    for part in key.split("."):
        node = node.get(part) if isinstance(node, CfgNode) else None
    return node


def _nested(key: str, value) -> dict:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def _merge(node: CfgNode, tree: dict, origin: str, prefix: str = "") -> None:
    """Sets the leaves of `tree`; numbers may be written without a decimal point, everything else keeps its type."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if key not in node:
            if not _KEY.fullmatch(str(key)):
                raise UserError(f"{origin}: expected config keys, found something else{f' in {prefix[:-1]}' if prefix else ''}")
            near = difflib.get_close_matches(str(key), list(node), n=1, cutoff=0.5)
            hint = f"; did you mean {prefix}{near[0]}?" if near else f": expected one of {', '.join(prefix + k for k in node)}"
            raise UserError(f"{origin}: unknown config key {name}{hint}")
        default = node[key]
        if isinstance(default, CfgNode):
            if not isinstance(value, dict):
                raise UserError(f"{origin}: {name} is a group of keys, found the value {_shown(value)}")
            _merge(default, value, origin, f"{name}.")
            continue
        node[key] = _typed(value, default, f"{origin}: {name}")


def _typed(value, default, name: str):
    if isinstance(value, bool) == isinstance(default, bool):
        if isinstance(value, type(default)):
            return value
        # YAML reads 1e-3 as a word.
        if isinstance(default, float) and (isinstance(value, int) or (isinstance(value, str) and _NUMBER.fullmatch(value))):
            return float(value)
    raise UserError(f"{name}: expected {type(default).__name__} such as {default!r}, found {_shown(value)}")


def _shown(value) -> str:
    # YAML leaves a number beyond 64 bits as text.
    text = f"a number of {len(value)} digits" if isinstance(value, str) and value.isdecimal() and len(value) > 18 else repr(value)
    return text if len(text) <= 60 else f"a long {type(value).__name__}"


def _check(config: CfgNode) -> None:
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
        raise UserError(f"NAME: expected the name of a folder in OUTPUT, found {_shown(config.NAME)}: leave out / and a dot in front")
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
