# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.core.span import WHOLE, Span, seconds_of
from image_classification.CFC_SP.support.errors import UserError


def test_the_start_is_in_and_the_end_is_out():
    span = Span(1.0, 2.0)
    inside = [time_s for time_s in (0.999999, 1.0, 1.9999999, 1.5, 2.0) if not span.begins_after(time_s) and not span.ends_before(time_s)]
    # To the microsecond: the third is 2.0.
    assert inside == [1.0, 1.5]
    assert not WHOLE.begins_after(0.0) and not WHOLE.ends_before(1e9) and WHOLE.offset_s == 0.0


@pytest.mark.parametrize(
    ("span", "duration_s", "frames"),
    [(WHOLE, 10, 300), (WHOLE, None, None), (Span(2), 10, 240), (Span(2, 3), 10, 30), (Span(stride=4), 10, 75), (Span(20), 10, 0)],
)
def test_the_number_of_frames(span, duration_s, frames):
    assert span.frames(duration_s, 30) == frames


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start_s": -1}, "-start: expected a time of 0 s or more, found -1"),
        ({"end_s": float("nan")}, "-end: expected a time of 0 s or more"),
        ({"start_s": 2, "end_s": 2}, r"-end: expected a time after -start \(2 s\), found 2 s"),
        ({"end_s": 0}, "-end: expected a time after -start"),
        ({"stride": 0}, "-stride: expected a whole number of 1 or more, found 0"),
    ],
)
def test_parts_that_are_none_are_named(given, said):
    with pytest.raises(UserError, match=said):
        Span(**given)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), (1.5, 1.5), ("1:30", 90), ("01:02:03", 3723), ("2:00:00.25", 7200.25), (" 5. ", 5), ("0:59.", 59)]
)
def test_times_as_people_write_them(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1:60", "1:2:3:4", "1:90:00", "-1:00"])
def test_what_is_no_time_is_told(text):
    with pytest.raises(UserError, match="expected a time in seconds or as h:mm:ss, found"):
        seconds_of(text)
