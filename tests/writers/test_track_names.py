# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.writers.track_names import tier_of, track_of


@pytest.mark.parametrize(
    ("tier", "track"), [("track 7", "7"), ("Face 07", "7"), ("person#2", "2"), (" Mother ", "Mother"), ("7", "7"), ("", "")]
)
def test_a_tier_names_a_track_or_a_person(tier, track):
    assert track_of(tier) == track
    assert track_of(tier_of(track)) == track
