# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest

from image_classification.CFC_SP.training.run_progress import Progress

ROW = {"epoch": 1, "steps": 7, "loss": 0.5, "lr": 0.1, "val_accuracy": 0.5, "val_macro_f1": 0.4, "seconds": 1}
WHOLE = Progress(7, 0.5, 1.5, "abc", [ROW], [{"name": "a", "sha256": "0" * 64, "validation": None}])


def test_a_note_gives_the_progress_again():
    assert Progress.of_note(dataclasses.asdict(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"step": "7"}, "step of its progress"),
        ({"step": True}, "step of its progress"),
        ({"step": -1}, "a step before the first"),
        ({"loss_sum": float("nan")}, "loss_sum"),
        ({"git_sha": None}, "git_sha"),
        ({"rows": {}}, "rows"),
        ({"rows": [ROW | {"val_macro_f1": "high"}]}, "val_macro_f1 of its row 1"),
        ({"rows": [ROW, {}]}, "its row 2 is not epoch"),
        ({"teachers": ["a"]}, "its teacher 1 is not name"),
        ({"more": 1}, "its progress is not step"),
    ],
)
def test_a_note_of_another_shape_is_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        Progress.of_note(dataclasses.asdict(WHOLE) | change)


@pytest.mark.parametrize("note", [None, [], "progress", {}])
def test_what_is_no_note_is_refused(note):
    with pytest.raises(ValueError, match="its progress is not"):
        Progress.of_note(note)
