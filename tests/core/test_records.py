# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Face, Faces, FrameResult, Source
from tests.faces import face_of
from tests.summaries import summary_of


def faces_of(*lefts):
    boxes = np.array([[x, 0, x + 10, 10] for x in lefts], np.float32)
    return Faces(boxes, np.linspace(1, 0.5, len(boxes), dtype=np.float32), np.zeros((len(boxes), 5, 2), np.float32))


def test_faces_are_picked_and_joined_row_by_row():
    faces = faces_of(0, 20, 40)
    assert faces[np.array([2, 0])].boxes[:, 0].tolist() == [40, 0] and faces[faces.scores < 1].scores.tolist() == [0.75, 0.5]
    both = faces.joined(faces_of(60))
    assert len(both) == 4 and both.boxes[:, 0].tolist() == [0, 20, 40, 60] and both.tracks is None
    assert len(Faces.empty()) == 0 and len(Faces.empty().joined(faces)) == 3


def test_a_face_on_its_way_lies_at_the_share_asked_for():
    there = faces_of(8, 40)
    here = faces_of(0, 20)
    found = here.towards(there, 0.25)
    np.testing.assert_allclose(found.boxes, [[2, 0, 12, 10], [25, 0, 35, 10]])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scores": np.zeros(3, np.float32)}, r"Faces.scores: expected shape \(2,\), found \(3,\)"),
        ({"landmarks": np.zeros((2, 4, 2), np.float32)}, r"Faces.landmarks: expected shape \(2, 5, 2\)"),
        ({"tracks": np.zeros(1, np.int64)}, r"Faces.tracks: expected shape \(2,\)"),
    ],
)
def test_arrays_that_disagree_are_refused(changes, said):
    faces = faces_of(0, 20)
    given = {"boxes": faces.boxes, "scores": faces.scores, "landmarks": faces.landmarks, **changes}
    with pytest.raises(ValueError, match=said):
        Faces(**given)


@pytest.mark.parametrize(
    "changes", [{"label": "Joy"}, {"raw_label": "Negative"}, {"coarse": "Fear"}, {"probabilities": (1.0,)}, {"raw_probabilities": (1.0,)}]
)
def test_a_face_has_known_labels_and_eight_probabilities(changes):
    given = {"track": 1, "box": (0, 0, 1, 1), "score": 1.0, "label": "Fear", "confidence": 1.0, "coarse": "Negative", "raw_label": "Fear"}
    Face(**given, probabilities=(0.125,) * 8)
    with pytest.raises(ValueError, match="unknown label|expected 8 probabilities"):
        Face(**{**given, "probabilities": (0.125,) * 8, **changes})


def test_results_are_told_in_a_few_words():
    face = face_of("Fear", 2, (1.4, 2, 30, 40), 0.876)
    rows = [FrameResult(7, 0.28, (face,)), FrameResult(8, 0.32)]
    assert repr(face) == "Face(track 2: Fear 0.88, box 1 2 30 40)"
    assert repr(rows) == "[FrameResult(frame 7, 0.280 s: track 2 Fear 0.88), FrameResult(frame 8, 0.320 s: no face)]"
    assert repr(FrameResult(0, 0.0, (), "a.png")) == "FrameResult(frame 0, 'a.png': no face)"
    source = Source("a/b.mp4", "h264", 64, 48, 25.0, None)
    assert repr(summary_of(source, rows)) == "Summary('a/b.mp4': 2 frames, 1 face in 1 track)"
    assert repr(summary_of(source, [])) == "Summary('a/b.mp4': 0 frames, no face)"
