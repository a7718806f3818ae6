# SPDX-License-Identifier: Apache-2.0
"""How many workers fit on a cluster, and what each of them takes of its machine."""

from collections.abc import Mapping, Sequence

from ..support.errors import UserError

CPUS_PER_WORKER = 2
"""One reads the clip and finds the faces, the other runs the networks meanwhile."""


def slots_of(nodes: Sequence[Mapping], jobs: int | None, gpus_per_worker: float) -> tuple[int, dict[str, float]]:
    """How many workers there are to be, and the `num_cpus` and `num_gpus` of each.

    nodes: as `ray.nodes()` lists them. jobs: how many are asked for; None: as many as fit. A worker takes CPUS_PER_WORKER,
    or less where machines are smaller, or where `jobs` workers would not fit. Raises UserError where no machine has room for one.
    """
    rooms = [(node["Resources"].get("CPU", 0.0), node["Resources"].get("GPU", 0.0)) for node in nodes if node["Alive"]]
    fitting = [(cpus, gpus) for cpus, gpus in rooms if cpus >= 1 and gpus >= gpus_per_worker]
    if not fitting:
        asked = f"a CPU and {gpus_per_worker:g} GPUs" if gpus_per_worker else "a CPU"
        found = ", ".join(f"{cpus:g} CPUs and {gpus:g} GPUs" for cpus, gpus in rooms) or "no machine"
        raise UserError(f"-ray: expected a machine with {asked} for a worker, found {found}")
    share = min(CPUS_PER_WORKER, int(min(cpus for cpus, _ in fitting)))
    if jobs is not None:
        share = min(share, max(1, int(sum(cpus for cpus, _ in fitting)) // jobs))
    most = sum(int(min(cpus // share, gpus / gpus_per_worker if gpus_per_worker else cpus)) for cpus, gpus in fitting)
    return jobs or most, {"num_cpus": share, "num_gpus": gpus_per_worker}
