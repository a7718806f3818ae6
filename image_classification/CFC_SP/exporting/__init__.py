# SPDX-License-Identifier: Apache-2.0
"""From trained checkpoints to a bundle: fuse, export, and refuse to write what does not compute the same everywhere."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from ..core.cascade import Cascade
from ..core.cascade_settings import Temperature
from ..inference.bundle import MANIFEST
from ..support.errors import UserError
from ..support.files import make_folder, part_name, remove_dead_parts
from .contents import make_manifest, write_files
from .engine_speed import record_engines
from .members import Member, Source, load_members
from .parity import check_parity


def export_bundle(
    sources: dict[str, Sequence[Source]],
    folder: str | Path,
    temperatures: dict[str, Sequence[Temperature]],
    licence: str,
    config=None,
    batch: int | None = None,
) -> Path:
    """Writes a bundle to `folder` and returns it.

    sources: {"coarse": [...], "negative": [...]}, one network or more a stage: a checkpoint's path, or the config of a network
    that gets random weights. A flat network may serve either stage or both. temperatures: one for each of them, likewise.
    licence: that of the weights. config: gives SP, PRIOR and CASCADE.NEGATIVE_SCOPE; None: that of the first coarse network does. batch:
    crops a run of the networks, None: what suits a CPU.

    The bundle appears only when its programs, on the CPU with and without oneDNN, agree with the eager networks and with NumPy
    within `agreement.TOLERANCE`; the manifest records the fastest engine that computes the same. Raises UserError for checkpoints
    that do not belong together and for a bundle that fails; nothing is then written.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise UserError(f"{folder} exists and is not a bundle: choose another -out, or remove it")
    members = load_members({stage: sources[stage] for stage in ("coarse", "negative")})
    return write_bundle(members, folder, temperatures, licence, config or members["coarse"][0].config, batch=batch)


def write_bundle(
    members: dict[str, list[Member]],
    folder: Path,
    temperatures: dict[str, Sequence[Temperature]],
    licence: str,
    config,
    calibration=None,
    engines=None,
    batch: int | None = None,
) -> Path:
    """Writes the bundle of networks that are ready to `folder`, as `export_bundle` does, and returns it.

    config: gives SP, PRIOR and CASCADE.NEGATIVE_SCOPE. calibration: as in `core.cascade.Cascade`. engines: what a manifest says of
    them where the same networks were measured before.
    """
    shares = list(config.PRIOR.SHARES) or None
    stages = temperatures["coarse"], temperatures["negative"]
    cascade = Cascade(*stages, config.SP.NORMALIZER, config.CASCADE.NEGATIVE_SCOPE, shares, calibration)
    with _workshop(folder) as temporary:
        work = Path(temporary, folder.name)
        work.mkdir()
        layers = write_files(work, members, cascade)
        manifest = make_manifest(folder.name, work, members, cascade, config, licence, batch)
        if engines is not None:
            manifest["engines"] = engines
        (work / MANIFEST).write_text(yaml.safe_dump(manifest, sort_keys=False, width=120), encoding="utf-8")
        check_parity(work, layers)
        if engines is None:
            record_engines(work)
        for path in work.iterdir():
            path.chmod(0o644)
        if folder.exists():
            folder.rename(Path(temporary, "replaced"))
        work.rename(folder)
    return folder


def _workshop(folder: Path) -> tempfile.TemporaryDirectory:
    try:
        make_folder(folder.parent)
        remove_dead_parts(folder.parent, folder.name)
        return tempfile.TemporaryDirectory(prefix=f"{part_name(folder.name)}-", dir=folder.parent)
    except OSError as error:
        raise UserError(f"cannot write the bundle to {folder} ({error.strerror}): choose another -out") from error
