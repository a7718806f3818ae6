# SPDX-License-Identifier: Apache-2.0
"""What the server does beside answering."""

import pytest

from image_classification.CFC_SP.serving.problems import Problem
from image_classification.CFC_SP.serving.service import Slots, shown_name


def test_slots_are_given_back_whatever_happens():
    slots = Slots(1, "1 cameras")
    with pytest.raises(ZeroDivisionError), slots.one():
        with pytest.raises(Problem, match="1 cameras are open at a time here"):
            slots.check()
        _ = 1 / 0
    slots.check()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.mp4", "a.mp4"),
        ("a\x1b[2J\n.mp4", "a\\x1b[2J\\n.mp4"),
        ("", "clip"),
        ("folder/", "clip"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_are_shown_and_never_used(given, shown):
    assert shown_name(given) == shown


def test_results_expire(client, clip, send, ended):
    first = send(client, clip, formats="csv").json()["id"]
    ended(client, first)
    assert client.service.store.expire(-1, 0) >= 1
    assert client.get(f"/v1/clips/{first}").status_code == 404
