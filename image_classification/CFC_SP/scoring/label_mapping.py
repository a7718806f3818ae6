# SPDX-License-Identifier: Apache-2.0
"""What other people's labels and tiers mean in ours: a file that a person writes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..core.labels import COARSE, EXPR, EXPR_NAMES
from ..support.csv_files import read_table
from ..support.errors import UserError
from ..support.files import read_bounded
from ..support.layered_yaml import parse_yaml
from ..support.yaml_files import MAX_BYTES
from ..writers.track_names import track_of

CLASSES = tuple(dict.fromkeys([*EXPR, *COARSE]))
"""What a label may come to mean."""
CSV_COLUMNS = ("label", "class")
_KEYS = {"labels", "tracks", "gaps"}


@dataclass(frozen=True)
class LabelMapping:
    """labels: the class of each label, by its lower case, None where it is left out. tracks: the track that each tier is of, by its
    name; {}: all tiers, each by its own name. gaps: the class of what no interval covers, None where that says nothing."""

    labels: dict[str, str | None] = field(default_factory=dict)
    tracks: dict[str, str] = field(default_factory=dict)
    gaps: str | None = None

    def class_of(self, label: str) -> str | None:
        """The class of a label, None where it is left out; raises KeyError for one that is neither mapped nor a class's name."""
        key = label.strip().lower()
        if key in self.labels:
            return self.labels[key]
        return "Negative" if key == "negative" else EXPR_NAMES[key]

    def check(self, labels: Iterable[str], where: str) -> None:
        """Raises UserError, naming them and `where` they were found, for labels that have no class."""
        unknown = []
        for label in dict.fromkeys(labels):
            try:
                self.class_of(label)
            except KeyError:
                unknown.append(label)
        if unknown:
            found = ", ".join(repr(label[:40]) for label in unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
            raise UserError(
                f"{where}: expected labels among {', '.join(EXPR)}, or of -mapping, found {found}: give each a class in a -mapping"
            )


def listed(names: Iterable[str]) -> str:
    """Names from outside for a message: the first eight, none of them long."""
    names = [repr(name[:40]) for name in names]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def read_mapping(path: str | Path) -> LabelMapping:
    """The mapping in the file at `path`: YAML, or a CSV of CSV_COLUMNS.

    YAML has labels as keys and classes as values, or `labels`, `tracks` and `gaps` as keys; no class, or an empty cell, leaves a label
    out. Raises UserError for another file, and for a class that is none of ours.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return LabelMapping(_checked(_rows(path), path))
    tree = parse_yaml(read_bounded(path, MAX_BYTES), str(path))
    if not isinstance(tree, dict):
        raise UserError(f"{path}: expected labels and their classes, found {'nothing' if tree is None else str(tree)[:60]}")
    if not tree.keys() <= _KEYS:
        tree = {"labels": tree}
    labels, tracks, gaps = tree.get("labels") or {}, tree.get("tracks") or {}, tree.get("gaps")
    if not isinstance(labels, dict) or not isinstance(tracks, dict) or isinstance(gaps, dict | list):
        raise UserError(f"{path}: expected names and what they mean below labels and tracks, and a class at gaps, found another thing")
    own = {track_of(str(tier)): track_of(str(track)) for tier, track in tracks.items()}
    return LabelMapping(_checked(labels, path), own, _checked({"gaps": gaps}, path)["gaps"])


def _rows(path: Path) -> dict[str, str]:
    rows = read_table(path, MAX_BYTES)
    if tuple(header := next(rows, [])) != CSV_COLUMNS:
        raise UserError(f"{path}: expected the columns {','.join(CSV_COLUMNS)}, found {','.join(header)[:200] or 'none'}")
    found = [row for row in rows if row]
    if bad := [row for row in found if len(row) != len(CSV_COLUMNS)]:
        raise UserError(f"{path}: expected {len(CSV_COLUMNS)} cells a row, found {','.join(bad[0])[:200]!r}")
    return dict(found)


def _checked(labels: dict, path: Path) -> dict[str, str | None]:
    by_name = {name.lower(): name for name in CLASSES}
    found = {}
    for label, meant in labels.items():
        if meant in (None, ""):
            found[str(label).strip().lower()] = None
        elif (name := by_name.get(str(meant).strip().lower())) is None:
            raise UserError(f"{path}: expected a class among {', '.join(CLASSES)} for {str(label)[:40]!r}, found {str(meant)[:40]!r}")
        else:
            found[str(label).strip().lower()] = name
    return found
