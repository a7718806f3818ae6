# SPDX-License-Identifier: Apache-2.0
"""What may be asked for, and what is no clip."""

import pytest

from image_classification.CFC_SP.serving.clip_request import check_clip, clip_options
from image_classification.CFC_SP.support.errors import UserError


def test_options_are_those_of_the_command_line():
    asked = {
        "start": "0:01",
        "end": None,
        "stride": 2,
        "window": 0,
        "smoothing": "decoder",
        "prior": None,
        "search": "every",
        "hide": "box",
    }
    options = clip_options(asked, 5000)
    assert (options.span.start_s, options.span.end_s, options.span.stride) == (1.0, None, 2)
    assert (options.window, options.smoothing, options.prior, options.search, options.max_pixels) == (0, "decoder", None, "every", 5000)
    assert options.hide == "box"
    for asked, told in (({"search": "never"}, "never"), ({"smoothing": "soft"}, "'soft'"), ({"prior": "2.5"}, "-prior: expected data")):
        with pytest.raises(UserError, match=told):
            clip_options(asked, 5000)


def test_a_clip_says_what_it_is_and_is_held_to_its_limits(clip):
    message = {"path": str(clip), "pixels": 10_000, "seconds": 60}
    assert check_clip(message) == {"source": {"codec": "h264", "width": 64, "height": 48, "fps": 30.0, "duration_s": 1.0}}
    with pytest.raises(UserError, match=r"at most 0.5 s, found one of 1.0 s"):
        check_clip(message | {"seconds": 0.5})
    with pytest.raises(UserError, match="at most 100 pixels"):
        check_clip(message | {"pixels": 100})
