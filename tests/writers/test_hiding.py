# SPDX-License-Identifier: Apache-2.0
"""Faces that are hidden; what detectors find in real clips is in prediction/test_result_files.py."""

from dataclasses import replace

import numpy as np
import pytest

from image_classification.CFC_SP.core.records import Frame, FrameResult
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.hiding import HIDINGS, check_hiding, hidden_boxes, hidden_frames, hidden_pairs
from tests.faces import face_of

FPS = 10


def results_of(shown: dict[int, float], frames: int = 60) -> list[FrameResult]:
    """A face whose left edge at each of those frames is said; no face in the others."""
    boxes = {frame: (left, 20, left + 20, 40) for frame, left in shown.items()}
    return [FrameResult(i, i / FPS, (face_of(box=boxes[i]),) if i in boxes else ()) for i in range(frames)]


def covers(boxes, left):
    return any(x1 <= left and y1 <= 20 and x2 >= left + 20 and y2 >= 40 for x1, y1, x2, y2 in boxes)


def test_a_face_is_hidden_a_second_before_it_is_found_and_after():
    hidden = [bool(boxes) for boxes in hidden_boxes(results_of({20: 50, 21: 50}), 1.0)]
    assert hidden == [10 <= i <= 31 for i in range(60)]


def test_a_gap_is_bridged_on_the_way_that_the_face_took():
    """The face moves on by 4 px a frame, unseen for 0.9 s and for 1.9 s."""
    way = {i: 10 + 4 * i for i in range(60)}
    seen = {i: way[i] for i in way if not (10 < i < 20 or 30 < i < 50)}
    found = list(hidden_boxes(results_of(seen), 1.0))
    assert all(covers(boxes, way[i]) for i, boxes in enumerate(found))
    # One region a frame, not two that stand still.
    assert {len(boxes) for boxes in found} == {1}


def test_longer_gaps_are_left_open_and_regions_grow_while_nobody_sees_the_face():
    found = list(hidden_boxes(results_of({0: 50, 1: 50, 40: 50}), 1.0))
    assert [i for i, boxes in enumerate(found) if not boxes] == [*range(12, 30), *range(51, 60)]
    (at,), (later,) = found[1], found[9]
    assert at == pytest.approx((43, 13, 77, 47)) and later[0] < at[0] - 5 and later[3] > at[3] + 5


def test_nothing_is_held_where_pictures_have_nothing_to_do_with_each_other():
    assert [len(boxes) for boxes in hidden_boxes(results_of({3: 50, 4: 50}, 8), 0.0)] == [0, 0, 0, 1, 1, 0, 0, 0]


def test_tracks_are_hidden_apart():
    results = [FrameResult(i, i / FPS, (face_of(track=i + 1, box=(40 * i, 0, 40 * i + 20, 20)),)) for i in range(3)]
    assert [len(boxes) for boxes in hidden_boxes(results, 1.0)] == [3, 3, 3]


def noise(seed=0, size=(120, 160)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize("how", HIDINGS)
def test_the_region_keeps_nothing_fine_and_the_rest_every_pixel(how):
    image = noise()
    image[60:, :] //= 4
    frames = [Frame(0, 0.0, image.copy(), 0.1)]
    (hidden,) = hidden_frames(frames, [FrameResult(0, 0.0, (face_of(box=(60, 40, 100, 80)),))], how)
    x1, y1, x2, y2 = 46, 26, 114, 94
    soft = 6 if how == "blur" else 0
    outside = np.ones(image.shape[:2], bool)
    outside[y1 - soft : y2 + soft, x1 - soft : x2 + soft] = False
    np.testing.assert_array_equal(hidden.image[outside], image[outside])
    np.testing.assert_array_equal(frames[0].image, image, "the caller's frame is left as it is")
    region = hidden.image[y1:y2, x1:x2].astype(int)
    # White noise has neighbours that differ by 85 of 255 on average.
    assert np.abs(np.diff(region, axis=1)).mean() < 2 and hidden.duration_s == 0.1


def test_a_face_at_the_edge_and_one_outside_are_no_fault():
    results = [FrameResult(0, 0.0, (face_of(box=(150, 110, 160, 120)), face_of(track=2, box=(300, 300, 310, 310))))]
    (hidden,) = hidden_frames([Frame(0, 0.0, noise())], results, "blur")
    assert (hidden.image != noise()).any(axis=2).sum() == 15 * 15


def test_a_blur_fades_beyond_the_region_and_other_ways_end_at_a_line():
    """A black left half and a white right half, from 0 to 200 px; the face's region ends at 134."""
    image = np.repeat(np.repeat(np.uint8([0, 255]), 100)[None, :, None], 3, axis=2).repeat(160, axis=0)
    result = FrameResult(0, 0.0, (face_of(box=(80, 60, 120, 100)),))
    blurred, covered = (next(hidden_frames([Frame(0, 0.0, image)], [result], how)).image[80, :, 0].astype(int) for how in ("blur", "box"))
    assert np.abs(np.diff(covered)).max() > 100 and np.abs(np.diff(blurred)).max() < 40
    assert blurred[134:140].tolist() == sorted(blurred[134:140]) and blurred[140] == 255


def test_live_frames_wait_until_it_is_known_what_to_hide_and_hold_little():
    results = results_of({25: 50}, 60)
    taken = []

    def pairs():
        for result in results:
            taken.append(result.frame)
            yield Frame(result.frame, result.time_s, np.full((60, 100, 3), result.frame, np.uint8)), result

    for frame, result in hidden_pairs(pairs(), "box"):
        assert frame.index == result.frame and len(taken) - frame.index <= 22
        changed = np.abs(frame.image.astype(int) - frame.index).max(axis=2) > 3
        assert changed.any() == (15 <= frame.index <= 35)
    assert len(taken) == 60


def test_an_unknown_way_is_told():
    assert check_hiding(None) is None and check_hiding("box") == "box"
    with pytest.raises(UserError, match="-hide: expected one of blur, pixelate, box, found 'black'"):
        check_hiding("black")


def test_times_need_not_be_even():
    results = [replace(result, time_s=result.time_s**1.5) for result in results_of({20: 50}, 40)]
    hidden = [bool(boxes) for boxes in hidden_boxes(results, 1.0)]
    assert hidden == [abs((i / FPS) ** 1.5 - 2**1.5) <= 1 for i in range(40)]
