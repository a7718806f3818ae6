"""Scores of a bundle on a data set's pictures, and the file that keeps them."""

import csv
from pathlib import Path

import numpy as np

from .core.labels import EXPR
from .device import select_device
from .errors import UserError
from .files import git_sha
from .inference.bundle import open_bundle
from .inference.pipeline import BATCH
from .inference.program import Program, padded
from .training.datasets import DATASETS, as_stage
from .training.loader import plain_batches
from .training.metrics import Scores, score

COLUMNS = ("bundle", "bundle_sha256", "data", "split", "pictures", "flip", "metric", "value", "git_sha")


def evaluate_bundle(location, root, dataset: str = "ferplus", split: str = "val", flip: bool = False, device: str = "auto") -> Scores:
    """Scores over the eight EXPR classes of the cascade on the `split` of a data set, each picture apart (window 0).

    flip: logits are the mean over a picture and its mirror image. Raises UserError for a bad bundle or data set.
    """
    if dataset not in DATASETS:
        raise UserError(f"-dataset: expected one of {', '.join(DATASETS)}, found {dataset!r}")
    bundle, device = open_bundle(location), select_device(device)
    data = as_stage(DATASETS[dataset](root, split), "flat", "single")
    programs = [Program(bundle, name, device) for name in ("coarse", "negative")]
    sequence = Program(bundle, "sequence", device, onednn=False)
    predictions = []
    for crops in plain_batches(data, bundle.manifest["crop"]["size"], BATCH):
        full = padded(crops, BATCH)
        coarse, negative = (program(full)[0] for program in programs)
        if flip:
            mirrored = (program(full[:, :, ::-1])[0] for program in programs)
            coarse, negative = ((a + b) / 2 for a, b in zip((coarse, negative), mirrored, strict=True))
        labels = sequence(coarse, negative, np.ones(BATCH, bool), np.array([0]))[0]
        predictions.append(labels[: len(crops)])
    return score(data.labels, np.concatenate(predictions), len(EXPR))


def record(scores: Scores, arguments) -> Path:
    """Appends the figures, one a row, to evaluate.csv in the folder `arguments.out` and returns the file."""
    bundle = open_bundle(arguments.bundle)
    path = Path(arguments.out) / "evaluate.csv"
    figures = {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
    figures |= {f"f1_{name.lower()}": value for name, value in zip(EXPR, scores.f1, strict=True)}
    known = (bundle.manifest["name"], bundle.sha256, arguments.dataset, arguments.split, int(scores.confusion.sum()), arguments.flip)
    sha = git_sha()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        with open(path, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(COLUMNS)
            for metric, value in figures.items():
                writer.writerow((*known, metric, f"{value:.6f}", sha))
    except OSError as error:
        raise UserError(f"cannot write to {path} ({error.strerror}): choose another -out") from error
    return path
