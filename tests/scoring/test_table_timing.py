# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.scoring.table_timing import time_tables


@pytest.mark.slow
def test_tables_from_cached_logits_are_quick():
    """A seventh of Aff-Wild2, whose own budget is 60 s and 4 GB."""
    found = time_tables(frames=400_000, videos=80)
    assert found["total_s"] < 60 / 7 * 2 and found["peak_mb"] < 4096
