# SPDX-License-Identifier: Apache-2.0
"""Damaged bundles, checkpoints, YAML and addresses with secrets: `make fuzz`, with N and SEED to choose."""

import os
from collections import Counter

import pytest

from tests.fuzz.hostile import KINDS, tried


def run(kind, tmp_path, count, seed):
    outcomes = {number: tried(kind, tmp_path / str(number), seed, number) for number in range(count)}
    wrong = {number: outcome for number, outcome in outcomes.items() if outcome not in ("read", "cleaned", "refused")}
    return Counter(outcomes.values()), wrong


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_hostile_is_refused_or_harmless(kind, tmp_path):
    count, seed = (int(os.environ.get(name, default)) for name, default in (("N", 2000), ("SEED", 0)))
    outcomes, wrong = run(kind, tmp_path, count, seed)
    print(f"\n{kind} N={count} SEED={seed}: {dict(outcomes)}")
    assert not wrong, "\n".join(f"{kind} {number}: {why}" for number, why in wrong.items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_of_each(kind, tmp_path):
    """The same on a few, in every run of the suite."""
    outcomes, wrong = run(kind, tmp_path, 15, 1)
    assert not wrong and sum(outcomes.values()) == 15
