# SPDX-License-Identifier: Apache-2.0
"""Scores of a bundle on a data set's pictures, and the file that keeps them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..core.labels import COARSE, EXPR, EXPR_TO_COARSE, EXPR_TO_NEGATIVE, NEGATIVE, NEGATIVE_TO_EXPR
from ..core.metrics import Scores, score
from ..data.datasets import DATASETS, as_stage, check_alignment
from ..data.loader import plain_batches
from ..inference.batcher import padded
from ..inference.bundle import open_bundle
from ..inference.engines import network_program
from ..inference.mode import DATA_PRIOR, mode_of
from ..inference.sequence import sequence_of
from ..support.errors import UserError
from .score_report import write_record


class BundleEvaluation(NamedTuple):
    """What `evaluate_bundle` found, and the engine that the networks ran on, such as "onednn bfloat16"."""

    scores: dict[str, Scores]
    engine: str


def evaluate_bundle(
    location,
    root,
    dataset: str = "ferplus",
    split: str = "val",
    flip: bool = False,
    device: str = "auto",
    engine: str = "paddle",
    precision: str = "auto",
    change=None,
) -> BundleEvaluation:
    """Scores on the `split` of a data set, each picture apart (window 0): "cascade" over the eight EXPR classes, "coarse" over its
    five, and "negative" over its four on the pictures whose TRUE class is one of them, whatever the coarse stage says. The prior is
    the data's own.

    flip: logits are the mean over a picture and its mirror image. engine, precision: of the networks, as in
    `inference.engines.network_program`. change: called with each batch of crops, uint8 [N, S, S, 3], it gives those to score
    instead. Raises UserError for a bad bundle or data set.
    """
    if dataset not in DATASETS:
        raise UserError(f"-dataset: expected one of {', '.join(DATASETS)}, found {dataset!r}")
    bundle, source = open_bundle(location), DATASETS[dataset](root, split)
    check_alignment(source, bundle.manifest["crop"].get("align", "none"), root)
    data = as_stage(source, "flat", "single")
    frame, batch = network_program(bundle, "frame", device, engine, precision), bundle.manifest["batch"]
    sequence, mode = sequence_of(bundle), mode_of(bundle, "logits", DATA_PRIOR)
    parts = []
    look = {"desc": f"{dataset} {split}", "unit": " pictures", "dynamic_ncols": True, "leave": False, "disable": None}
    with tqdm(total=len(data), **look) as bar:
        for crops in plain_batches(data, bundle.manifest["crop"]["size"], batch):
            full = padded(change(crops) if change else crops, batch)
            logits = frame(full)
            if flip:
                logits = [(a + b) / 2 for a, b in zip(logits, frame(full[:, :, ::-1]), strict=True)]
            outputs = sequence(*logits, np.ones(batch, bool), np.array([0]), *mode.inputs)
            parts.append([output[: len(crops)] for output in outputs])
            bar.update(len(crops))
    labels, coarse_labels, _, probabilities, _ = (np.concatenate(part)[data.whole()] for part in zip(*parts, strict=True))
    return BundleEvaluation(_score_stages(data.labels[data.whole()], labels, coarse_labels, probabilities), frame.engine)


def _score_stages(truth, labels, coarse_labels, probabilities) -> dict[str, Scores]:
    """truth, labels int [N] in EXPR order, coarse_labels int [N] in COARSE order, probabilities float [N, 8] in EXPR order."""
    rows = np.arange(len(truth))
    to_coarse, to_negative = np.array(EXPR_TO_COARSE), np.array(EXPR_TO_NEGATIVE)
    coarse = np.stack([probabilities[:, to_coarse == number].sum(1) for number in range(len(COARSE))], axis=1)
    negative = probabilities[:, list(NEGATIVE_TO_EXPR)]
    shares = negative / negative.sum(1, keepdims=True)
    fine = shares.argmax(1)
    meant = to_negative[truth] >= 0
    scores = {
        "cascade": score(truth, labels, len(EXPR), probabilities[rows, labels]),
        "coarse": score(to_coarse[truth], coarse_labels, len(COARSE), coarse[rows, coarse_labels]),
    }
    if meant.any():
        scores["negative"] = score(to_negative[truth[meant]], fine[meant], len(NEGATIVE), shares[rows, fine][meant])
    return scores


def describe(evaluation: BundleEvaluation, arguments) -> str:
    """A line on what was scored and how."""
    flipped = "averaged with mirror images" if arguments.flip else "as they are"
    pictures = int(evaluation.scores["cascade"].confusion.sum())
    where = f"bundle {arguments.bundle} on {arguments.dataset} {arguments.split}"
    return f"{where}: {pictures} pictures, {flipped}, under their own prior, on {evaluation.engine}"


def record(evaluation: BundleEvaluation, arguments) -> Path:
    """Appends the figures, one a row, to evaluate.csv in the folder `arguments.out`, draws the cascade's confusion beside it (of flip
    averaging under a name of its own), and returns the file."""
    bundle = open_bundle(arguments.bundle)
    name = bundle.manifest["name"]
    known = {
        "bundle": name,
        "bundle_sha256": bundle.sha256,
        "data": arguments.dataset,
        "split": arguments.split,
        "pictures": int(evaluation.scores["cascade"].confusion.sum()),
        "flip": arguments.flip,
        "engine": evaluation.engine,
    }
    title = f"{name}-{arguments.dataset}-{arguments.split}{'-flip' * arguments.flip}"
    return write_record(evaluation.scores, arguments.out, "evaluate.csv", title, known)
