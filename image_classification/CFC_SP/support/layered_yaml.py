"""YAML files of keys and values that build on others: BASE names files to take first, ROWS holds several trees to choose one of."""

from pathlib import Path

import yaml

from .errors import UserError


def parse_yaml(text: str | bytes, origin: str):
    """What `text` says; raises UserError, naming `origin`, where it is no YAML."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{origin}: expected YAML, found an error: {' '.join(str(error).split())}") from error


def read_layers(path: Path, row: int | None = None) -> list[tuple[str, dict]]:
    """The trees that make up the file at `path`, each with where it comes from: its BASE files' first, its own, and that of `row`.

    Raises UserError for a file that is missing or malformed, a BASE that is not there or leads back, a row that is not there, and a
    file of rows without one.
    """
    layers, rows = _read(path, ())
    if rows or row is not None:
        layers.append((f"{path}, row {row}", _row_of(rows, row, path)))
    return layers


def _read(path: Path, below: tuple[Path, ...]) -> tuple[list[tuple[str, dict]], dict]:
    if path.resolve() in below:
        raise UserError(f"{path}: BASE leads back to this file; remove the circle")
    try:
        tree = parse_yaml(path.read_bytes(), str(path)) or {}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if not isinstance(tree, dict):
        raise UserError(f"{path}: expected keys and values, found {type(tree).__name__}")
    bases, rows, layers = tree.pop("BASE", []), tree.pop("ROWS", {}), []
    for base in bases if isinstance(bases, list) else [bases]:
        if not isinstance(base, str) or not (path.parent / base).is_file():
            raise UserError(f"{path}: BASE names {base!r}, which is not there")
        own, others = _read(path.parent / base, (*below, path.resolve()))
        if others:
            raise UserError(f"{path}: BASE names {base!r}, which holds rows: name a file of one config")
        layers += own
    if not isinstance(rows, dict) or not all(isinstance(number, int) and isinstance(own, dict) for number, own in rows.items()):
        raise UserError(f"{path}: ROWS: expected numbers, each with keys and values, found {rows!r}")
    return [*layers, (str(path), tree)], rows


def _row_of(rows: dict, row: int | None, path: Path) -> dict:
    if not rows:
        raise UserError(f"{path}: expected rows to choose row {row} of, found a file of one config: leave the row out")
    if row not in rows:
        found = "none was named" if row is None else f"found {row}"
        raise UserError(f"{path} holds rows: expected the number of one, {', '.join(map(str, rows))}, {found}; export_model.py takes -row")
    return rows[row]
