# SPDX-License-Identifier: Apache-2.0
"""Rows of robustness.csv: a bundle on disturbed pictures and on disturbed clips."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from image_classification.CFC_SP.inference.bundle import Bundle, open_bundle
from image_classification.CFC_SP.inference.loaded_model import LoadedModel
from image_classification.CFC_SP.prediction.recognizer import Recognizer
from image_classification.CFC_SP.scoring.bundle_scores import evaluate_bundle
from image_classification.CFC_SP.support.files import git_sha
from tools.footage.disturbances import Disturbance, on_crops
from tools.footage.label_agreement import compare, look_at

# The smallest face looked for, as a share of the faces' side, where that is below what the bundle looks for.
SMALLEST = 0.75
NOTHING = "none"


def on_pictures(location: str, root: str, split: str, disturbances: list[Disturbance]) -> Iterator[list[dict]]:
    """The accuracy and macro-F1 on FER+ as it is, and under each disturbance at each strength, without flip averaging."""
    bundle = open_bundle(location)

    def rows(name: str, meaning: str, strength: float, change=None) -> list[dict]:
        scores = evaluate_bundle(location, root, "ferplus", split, device="cpu", change=change).scores["cascade"]
        measures = {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
        return _rows(
            bundle, name, meaning, strength, ("ferplus", split), {k: (v, int(scores.confusion.sum())) for k, v in measures.items()}
        )

    yield rows(NOTHING, "", 0)
    for disturbance in disturbances:
        for strength in disturbance.strengths:
            yield rows(disturbance.name, disturbance.in_words(strength), strength, partial(on_crops, disturbance, strength))


def on_clip(location: str, path: Path, frames: int | None, disturbances: list[Disturbance]) -> Iterator[list[dict]]:
    """The shares of a clip's faces that are found again, and of labels kept, under each disturbance at each strength; none where the
    clip shows no face."""
    with Recognizer(location, "cpu") as recognizer:
        yield from _on_clip(recognizer.model, path, frames, disturbances)


def _on_clip(model: LoadedModel, path: Path, frames: int | None, disturbances: list[Disturbance]) -> Iterator[list[dict]]:
    clip = look_at(model, path, frames)
    for disturbance in disturbances if clip.faces else []:
        for strength in disturbance.strengths:
            least = min(model.min_face, SMALLEST * strength) if disturbance.name == "resolution" else model.min_face
            visible, found, kept = compare(replace(model, min_face=least), clip, disturbance, strength)
            shares = {"found": (found / max(1, visible), visible), "agreement": (kept / max(1, found), found)}
            yield _rows(model.bundle, disturbance.name, disturbance.in_words(strength), strength, (path.name, ""), shares)


def _rows(bundle: Bundle, name: str, meaning: str, strength: float, data: tuple[str, str], shares: dict) -> list[dict]:
    known = {
        "bundle": bundle.manifest["name"],
        "bundle_sha256": bundle.sha256,
        "disturbance": name,
        "strength": strength,
        "meaning": meaning,
    }
    known |= {"data": data[0], "split": data[1]}
    sha = git_sha()
    return [
        {**known, "metric": metric, "value": round(value, 4), "count": count, "git_sha": sha} for metric, (value, count) in shares.items()
    ]
