# SPDX-License-Identifier: Apache-2.0
"""Folders of results that no network has made."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from image_classification.CFC_SP.core.records import FrameResult, Source
from image_classification.CFC_SP.core.span import WHOLE
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter
from tests.faces import face_of
from tests.summaries import summary_of


def write_results(folder: Path, results: Sequence[FrameResult], fps: float = 10.0, codec: str = "h264") -> Path:
    """What predict would write of a clip into `folder`, which is made; the folder."""
    folder.mkdir(parents=True)
    with CsvWriter(folder / "frames.csv") as writer:
        for result in results:
            writer.write(result)
    summary = summary_of(Source(f"{folder.name}.mp4", codec, 64, 48, fps, None), results)
    write_json(folder / "result.json", replace(summary, options=WHOLE.as_dict()), results)
    return folder


def write_ten_clips(root: Path) -> Path:
    """Five clips of people who smile much and five of people who smile little, in `root` / "results"; a table of the groups beside it."""
    for number in range(10):
        write_results(root / "results" / f"clip{number}", two_faces(number, 0.8 if number < 5 else 0.2))
    lines = [f"clip{number},{'=many' if number < 5 else 'few'}" for number in range(10)]
    (root / "groups.csv").write_text("\n".join(["clip,group", *lines]) + "\n")
    return root / "results"


def two_faces(seed: int, happy: float) -> list[FrameResult]:
    """Six seconds of two faces; the second one does what the first did half a second before."""
    random = np.random.default_rng(seed)
    labels = ["Happiness" if mood else "Neutral" for mood in np.repeat(random.random(13) < happy, 5)]
    shares = random.uniform(0.5, 0.9, 65)
    faces = zip(labels[5:], shares[5:], labels, shares, strict=False)
    return [FrameResult(i, i / 10, (face_of(a, 1, share=p), face_of(b, 2, share=q))) for i, (a, p, b, q) in enumerate(faces)]
