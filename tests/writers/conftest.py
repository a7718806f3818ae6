# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.records import Face, FrameResult


def make_face(random, track: int, box=None) -> Face:
    probabilities = random.dirichlet(np.full(8, 0.3))
    best = int(probabilities.argmax())
    if box is None:
        x, y = random.uniform(-20, 300, 2)
        box = (x, y, x + random.uniform(1, 200), y + random.uniform(1, 200))
    return Face(
        track=track,
        box=tuple(np.float32(edge) for edge in box),
        score=np.float32(random.uniform(0.5, 1)),
        label=EXPR[best],
        confidence=probabilities[best],
        coarse=COARSE[EXPR_TO_COARSE[best]],
        raw_label=EXPR[random.integers(8)],
        probabilities=tuple(probabilities),
    )


@pytest.fixture
def make_results():
    """Gives `make(frames, faces=(2, 0, 1))`: FrameResults at 30 fps whose numbers of faces go round in `faces`."""

    def make(frames: int, faces=(2, 0, 1), box=None, times=None) -> list[FrameResult]:
        random = np.random.default_rng(7)
        return [
            FrameResult(
                i,
                i / 30 if times is None else times[i],
                tuple(make_face(random, 3 * k + 1, box) for k in range(faces[i % len(faces)])),
            )
            for i in range(frames)
        ]

    return make
