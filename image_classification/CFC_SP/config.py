# SPDX-License-Identifier: Apache-2.0
"""The configuration tree: every key with its default, and inheritance by BASE."""

import difflib
import re
from pathlib import Path

from yacs.config import CfgNode

from .config_rules import check_rules, shown
from .support.errors import UserError
from .support.layered_yaml import parse_yaml, read_layers

CONFIG_FOLDER = Path(__file__).parent / "configs"
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")


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
    c.TRAIN.LOGIT_ADJUSTMENT = 0.0  # power of the classes' shares that the loss takes out of what the network learns; 0: none
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
    check_rules(config)
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
    check_rules(config)
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
                raise UserError(f"{origin}: {name} is a group of keys, found the value {shown(value)}")
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
    raise UserError(f"{name}: expected {type(default).__name__} such as {default!r}, found {shown(value)}")
