# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.backbones import BACKBONES, family_of
from image_classification.origins import Origin

ORIGIN = Origin(
    "a library",
    marks=(r"stem\.", r".*\.gamma$"),
    renames=((r"^stem\.", "first."), (r"\.block(\d)\.", lambda match: f".blocks.{int(match[1]) + 1}.")),
    left_out=((r"optimizer\..*", "no weight"),),
    zeros=(r".*\.bias_of_nothing",),
)


def test_names_become_ours_in_order_and_statistics_for_all():
    assert ORIGIN.rename("stem.block0.conv") == "first.blocks.1.conv"
    assert ORIGIN.rename("stem.bn.running_mean") == "first.bn._mean" and ORIGIN.rename("a.running_var") == "a._variance"


def test_every_mark_must_be_there():
    assert ORIGIN.matches(["stem.conv", "layer.gamma"])
    assert not ORIGIN.matches(["stem.conv"]) and not ORIGIN.matches(["a.stem.conv", "layer.gamma"])


def test_what_is_left_out_has_a_reason():
    assert ORIGIN.reason_to_leave_out("optimizer.step") == "no weight"
    assert "counter" in ORIGIN.reason_to_leave_out("stem.bn.num_batches_tracked")
    assert ORIGIN.reason_to_leave_out("stem.conv") is None
    assert ORIGIN.is_zero("layer.bias_of_nothing") and not ORIGIN.is_zero("layer.bias_of_nothing.more")


@pytest.mark.parametrize("family", sorted({family_of(name) for name in BACKBONES}, key=lambda family: family.__name__))
def test_the_origins_of_a_family_have_names_of_their_own(family):
    names = [origin.name for origin in family.origins]
    assert len(set(names)) == len(names)
