# SPDX-License-Identifier: Apache-2.0
"""YAML files of keys and values that build on others: BASE names files to take first, ROWS holds several trees to choose one of."""

from pathlib import Path

from . import yaml_files
from .errors import UserError
from .files import read_bounded

# Files of one config, by BASE.
_MOST_FILES = 32


def parse_yaml(text: str | bytes, origin: str):
    """What `text` says; raises UserError, naming `origin`, where it is no YAML."""
    try:
        return yaml_files.parse_yaml(text)
    except yaml_files.YamlError as error:
        raise UserError(f"{origin}: expected YAML, found an error: {error}") from error


def read_layers(path: Path, row: int | None = None) -> list[tuple[str, dict]]:
    """The trees that make up the file at `path`, each with where it comes from: its BASE files' first, its own, and that of `row`.

    Raises UserError for a file that is missing or malformed, a BASE that is not there or leads back, a row that is not there, and a
    file of rows without one.
    """
    layers, rows = _read(path, (), [])
    if rows or row is not None:
        layers.append((f"{path}, row {row}", _row_of(rows, row, path)))
    return layers


def _read(path: Path, below: tuple[Path, ...], read: list[Path]) -> tuple[list[tuple[str, dict]], dict]:
    read.append(path)
    if path.resolve() in below:
        raise UserError(f"{path}: BASE leads back to this file; remove the circle")
    if len(read) > _MOST_FILES:
        raise UserError(f"{path}: expected {_MOST_FILES} files at most through BASE, counting repeated ones, found more; merge some")
    tree = parse_yaml(read_bounded(path, yaml_files.MAX_BYTES), str(path)) or {}
    if not isinstance(tree, dict):
        raise UserError(f"{path}: expected keys and values, found {type(tree).__name__}")
    bases, rows, layers = tree.pop("BASE", []), tree.pop("ROWS", {}), []
    for base in bases if isinstance(bases, list) else [bases]:
        # Nothing else is opened: what an error says of a file must not come from one that is none of ours.
        if not isinstance(base, str) or Path(base).suffix not in (".yaml", ".yml"):
            raise UserError(f"{path}: BASE: expected a .yaml file, found {str(base)[:60]!r}")
        if not (path.parent / base).is_file():
            raise UserError(f"{path}: BASE names {base!r}, which is not there")
        own, others = _read(path.parent / base, (*below, path.resolve()), read)
        if others:
            raise UserError(f"{path}: BASE names {base!r}, which holds rows: name a file of one config")
        layers += own
    if not isinstance(rows, dict) or not all(isinstance(number, int) and isinstance(own, dict) for number, own in rows.items()):
        raise UserError(f"{path}: ROWS: expected numbers, each with keys and values, found {str(rows)[:60]}")
    return [*layers, (str(path), tree)], rows


def _row_of(rows: dict, row: int | None, path: Path) -> dict:
    if not rows:
        raise UserError(f"{path}: expected a file with a row {row}, found a file of one config: leave the row out")
    if row not in rows:
        found = "none was named" if row is None else f"found {row}"
        raise UserError(f"{path} holds rows: expected the number of one, {', '.join(map(str, rows))}, {found}; `cfc-sp export` takes -row")
    return rows[row]
