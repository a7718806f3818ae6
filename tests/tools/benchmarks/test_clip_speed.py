# SPDX-License-Identifier: Apache-2.0
import sys

import pytest

from image_classification.CFC_SP.support.errors import UserError
from tools.benchmarks.clip_speed import peer_rate


def test_the_rate_of_a_peer():
    says = f"{sys.executable} -c \"import sys; print(sys.argv[1] + ': 150 frames, 158 faces, 8.8 fps; ms a frame: decode 3.1')\""
    assert peer_rate(says, "clip.mp4") == 8.8
    with pytest.raises(UserError, match="-peer: expected .* to print"):
        peer_rate(f"{sys.executable} -c 'print(1)'", "clip.mp4")
    with pytest.raises(UserError, match="-peer: cannot run 'no-such-program'"):
        peer_rate("no-such-program", "clip.mp4")
