# SPDX-License-Identifier: Apache-2.0
import cv2

from image_classification.CFC_SP.training.curves import draw_curves


def test_the_picture_shows_what_was_scored(tmp_path):
    pictures = []
    for name, losses in (("falls", (3, 2, 1)), ("again", (3, 2, 1)), ("stays", (3, 3, 3))):
        rows = [{"epoch": i, "loss": loss, "val_accuracy": 0.5, "val_macro_f1": 0.25} for i, loss in enumerate(losses)]
        draw_curves(rows, "run", tmp_path / f"{name}.png")
        pictures.append(cv2.imread(str(tmp_path / f"{name}.png")))
    assert pictures[0].shape == (432, 1080, 3)
    left, right = (slice(None), slice(0, 540)), (slice(None), slice(560, None))
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0][left] != pictures[2][left]).any() and (pictures[0][right] == pictures[2][right]).all()
