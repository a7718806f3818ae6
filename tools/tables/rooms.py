# SPDX-License-Identifier: Apache-2.0
"""Where measurements lie: results/ and its rooms."""

from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "results"
# What networks get right, what programs take, the runs' curves, the paper's tables.
SCORES, SPEED, TRAINING, TABLES = "scores", "speed", "training", "tables"
