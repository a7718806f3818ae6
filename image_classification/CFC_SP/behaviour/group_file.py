# SPDX-License-Identifier: Apache-2.0
"""Which clip belongs to which group, as a person wrote it down."""

from collections.abc import Collection
from pathlib import Path

from ..support.csv_files import read_table
from ..support.errors import UserError

_MOST_BYTES = 64 << 20


def read_groups(path: Path, clips: Collection[str], folder: Path) -> dict[str, list[str]]:
    """The clips of each group, in the order of the CSV at `path`, which has the columns `clip` and `group`.

    clips: those that have results, in `folder`. Raises UserError, naming the line, for a clip that has none, for one that is named twice,
    for an empty cell, and for a file without these columns.
    """
    rows = read_table(path, _MOST_BYTES)
    header = [cell.strip().lower() for cell in next(rows, [])]
    if not {"clip", "group"} <= set(header):
        raise UserError(
            f"{path}: expected the columns clip and group, found {', '.join(header)[:200] or 'none'}: name them in the first line"
        )
    groups: dict[str, list[str]] = {}
    named: dict[str, int] = {}
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        clip, group = cells.get("clip", ""), cells.get("group", "")
        if not clip or not group:
            raise UserError(f"{path} line {line}: expected a clip and its group, found an empty cell: fill it, or remove the line")
        if clip not in clips:
            # Clips that differ in their endings alone have folders of other names.
            stem = Path(clip).stem
            mend = f"leave the ending away and write {stem}" if stem in clips else "predict it first, or correct its name"
            raise UserError(f"{path} line {line}: expected a clip with results in {folder}, found {clip!r}: {mend}")
        if clip in named:
            raise UserError(f"{path} line {line}: expected each clip once, found {clip!r} in line {named[clip]} too: remove one of them")
        named[clip] = line
        groups.setdefault(group, []).append(clip)
    if not groups:
        raise UserError(f"{path}: expected a line for each clip, found none: write its name and its group")
    return groups
