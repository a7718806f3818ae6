# SPDX-License-Identifier: Apache-2.0
"""Any checkpoints on a data set: each stage by itself and, of coarse and negative ones, their cascade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.labels import IGNORED, STAGES
from ..core.metrics import Scores
from ..support.device import select_device
from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.temporary import temporary_folder
from ..weights.trained import trained_config
from .cache import LogitsCache
from .frames import Frames, load_frames
from .score_report import write_record
from .scorer import Predictions, Scorer
from .submission import write_submission

TABLE = "checkpoints.csv"


@dataclass(frozen=True)
class CheckpointEvaluation:
    """scores: by "cascade" or stage, without those that no frame's label speaks for. predictions: all of them. settings: window,
    normalizer and negative scope, as they were used."""

    scores: dict[str, Scores]
    predictions: dict[str, Predictions]
    settings: dict[str, object]

    def labels(self) -> np.ndarray:
        """A label of the eight for every frame, int64 [N], from the cascade, or else from the flat networks.

        Raises UserError where there is neither.
        """
        for system in ("cascade", "flat"):
            if system in self.predictions:
                return self.predictions[system].labels
        raise UserError("-submission: expected a coarse and a negative network, or a flat one, for eight classes; give both stages")


def evaluate_checkpoints(
    paths: Mapping[str, Sequence[str]], frames: Frames, cache: LogitsCache, window: int | None = None, negative_scope: str | None = None
) -> CheckpointEvaluation:
    """The networks `paths`, by stage, on `frames`; a flat network may stand in any stage.

    window: frames; None is the first network's SP.WINDOW, 0 for still pictures. negative_scope: None is the first network's own.
    Raises UserError for checkpoints of another stage, as the cache does, and for a window that still pictures cannot have.
    """
    stages = {stage: list(paths[stage]) for stage in STAGES if paths.get(stage)}
    config, _ = trained_config(next(iter(stages.values()))[0], next(iter(stages)), "flat")
    if window is None:
        window = config.SP.WINDOW if frames.videos else 0
    logits = {path: cache.logits(path, stage) for stage, own in stages.items() for path in own}
    scorer = Scorer(frames, logits, config.SP.NORMALIZER, negative_scope or config.CASCADE.NEGATIVE_SCOPE)
    predictions = {}
    if {"coarse", "negative"} <= stages.keys():
        predictions["cascade"] = scorer.predict_cascade(stages["coarse"], stages["negative"], window)
    predictions |= {stage: scorer.predict(stage, own, window) for stage, own in stages.items()}
    settings = {"window": window, "normalizer": scorer.normalizer, "negative_scope": scorer.negative_scope}
    scores = {name: scorer.score(own) for name, own in predictions.items() if scorer.knows(own.stage)}
    return CheckpointEvaluation(scores, predictions, settings)


def evaluate_command(arguments) -> tuple[dict[str, Scores], list[Path]]:
    """What `evaluate.py` does with checkpoints: the scores, and the files and folders written. UserError as all that it calls."""
    frames = load_frames(arguments.dataset, arguments.data, arguments.split)
    paths = {stage: getattr(arguments, stage) for stage in STAGES}
    device = select_device(arguments.device)
    with temporary_folder() as temporary:
        cache = LogitsCache(arguments.cache or temporary, frames, arguments.dataset, arguments.split, arguments.flip, device)
        evaluation = evaluate_checkpoints(paths, frames, cache, arguments.window, arguments.scope)
    written = []
    if arguments.submission:
        written.append(write_submission(frames, evaluation.labels(), arguments.submission))
    if arguments.out and evaluation.scores:
        annotated = {"frames": int((frames.classes != IGNORED).sum()), "pictures": len(frames.source.names)}
        known = {"data": arguments.dataset, "split": arguments.split, **annotated, "flip": arguments.flip}
        written.append(record_checkpoints(evaluation, paths, known, arguments.out))
    return evaluation.scores, written


def record_checkpoints(
    evaluation: CheckpointEvaluation, paths: Mapping[str, Sequence[str]], known: Mapping[str, object], folder: str | Path
) -> Path:
    """Appends the figures to TABLE in `folder` with what they were made of, draws the confusion, and returns the table.

    known: data set, split and what else every row says. Raises UserError where the folder cannot be written.
    """
    members = [(path, *trained_config(path, stage, "flat")) for stage in STAGES for path in paths.get(stage) or ()]
    name = "+".join(config.NAME for _, config, _ in members)
    origin = {
        "networks": name,
        "weights_sha256": " ".join(sha256_of(path) for path, _, _ in members),
        "seeds": " ".join(str(config.SEED) for _, config, _ in members),
        "trained_at": " ".join(note["git_sha"] for _, _, note in members),
    }
    title = "-".join(map(str, (name, known["data"], known["split"], f"w{evaluation.settings['window']}")))
    return write_record(evaluation.scores, folder, TABLE, title, origin | dict(known) | evaluation.settings)
