# SPDX-License-Identifier: Apache-2.0
"""The paper's Tables 2 and 4 from cached logits of a whole data set, random ones of its size."""

from collections.abc import Iterator

from image_classification.CFC_SP.scoring.table_timing import AFFWILD2_VIDEOS, time_tables


def measure(arguments) -> Iterator[list[dict]]:
    """One row: seconds for reading and for each table, their sum, and the most memory that the process held."""
    videos = min(AFFWILD2_VIDEOS, arguments.frames)
    yield [{name: round(value, 2) for name, value in time_tables(arguments.frames, videos).items()}]
