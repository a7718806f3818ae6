# SPDX-License-Identifier: Apache-2.0
"""How many workers fit, and of what size."""

import pytest

from image_classification.CFC_SP.prediction.cluster_slots import slots_of
from image_classification.CFC_SP.support.errors import UserError


def node(cpus, gpus=0, alive=True):
    return {"Alive": alive, "Resources": {"CPU": cpus, **({"GPU": gpus} if gpus else {})}}


@pytest.mark.parametrize(
    ("nodes", "jobs", "gpus", "count", "cpus"),
    [
        ([node(2)], None, 0, 1, 2),
        ([node(8), node(5), node(64, alive=False)], None, 0, 6, 2),
        ([node(1), node(4)], None, 0, 5, 1),
        ([node(2)], 2, 0, 2, 1),
        ([node(64)], 3, 0, 3, 2),
        ([node(2)], 5, 0, 5, 1),
        ([node(32, 2), node(32)], None, 1, 2, 2),
        ([node(32, 2)], None, 0.5, 4, 2),
        ([node(4, 8)], None, 1, 2, 2),
    ],
)
def test_the_workers_that_there_is_room_for(nodes, jobs, gpus, count, cpus):
    assert slots_of(nodes, jobs, gpus) == (count, {"num_cpus": cpus, "num_gpus": gpus})


@pytest.mark.parametrize(("nodes", "gpus", "found"), [([node(8)], 1, "8 CPUs and 0 GPUs"), ([node(8, alive=False)], 0, "no machine")])
def test_no_room_is_told(nodes, gpus, found):
    with pytest.raises(UserError, match=f"-ray: expected a machine with .* found {found}"):
        slots_of(nodes, None, gpus)
