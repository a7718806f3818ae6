# SPDX-License-Identifier: Apache-2.0
"""Measurements as Markdown tables and as figures within a sentence, and the places in documents that hold them."""

import difflib
import re
from collections.abc import Callable, Iterable

from image_classification.CFC_SP.support.errors import UserError

_PLACE = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n(?P<held>.*?)<!-- end of table -->", re.S)
_BEGIN = "<!-- table:"
_FIGURE = re.compile(r"<!-- figure: (?P<name>[\w-]+) -->(?P<held>[^\n]*?)<!-- end -->")
_BEGIN_FIGURE = "<!-- figure:"


def fill(text: str, tables: dict[str, Callable[[], str]], where: str) -> str:
    """The document `text` with what each function of `tables` gives between `<!-- table: NAME -->` and `<!-- end of table -->`.

    Raises UserError, naming the document `where`, for a name that is unknown and for a place without an end.
    """

    def filled(place: re.Match) -> str:
        name = place["name"]
        if _BEGIN in place["held"]:
            raise UserError(f"{where}: expected <!-- end of table --> after the table {name}, found another table: close it")
        if name not in tables:
            raise UserError(f"{where}: expected a table among {', '.join(tables)}, found {name!r}: mend its name")
        return f"<!-- table: {name} -->\n{tables[name]()}\n<!-- end of table -->"

    if text.count(_BEGIN) != len(_PLACE.findall(text)):
        raise UserError(f"{where}: expected <!-- end of table --> after every table, found one without: close it")
    return _PLACE.sub(filled, text)


def fill_figures(text: str, figures: dict[str, str], where: str) -> str:
    """The document `text` with the figures between `<!-- figure: NAME -->` and `<!-- end -->`, which stand on one line.

    Raises UserError, naming the document `where`, for a name that is unknown and for a place without an end.
    """

    def filled(place: re.Match) -> str:
        name = place["name"]
        if name not in figures:
            near = difflib.get_close_matches(name, figures, n=3, cutoff=0.3)
            raise UserError(f"{where}: expected a figure such as {', '.join(near or figures)}, found {name!r}: mend its name")
        return f"<!-- figure: {name} -->{figures[name]}<!-- end -->"

    if text.count(_BEGIN_FIGURE) != sum(_BEGIN_FIGURE not in place["held"] for place in _FIGURE.finditer(text)):
        raise UserError(f"{where}: expected <!-- end --> after every figure and on its line, found one without: close it")
    return _FIGURE.sub(filled, text)


def table(headers: Iterable[str], rows: Iterable[Iterable[object]], note: str = "") -> str:
    """A Markdown table, and a sentence below it."""
    lines = [list(headers), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    text = "\n".join(_line(cells) for cells in lines)
    return f"{text}\n\n{note}" if note else text


def _line(cells: list[object]) -> str:
    return "|" + "|".join(cells) + "|" if cells[0] == "---" else "| " + " | ".join(str(cell) for cell in cells) + " |"


def not_measured(command: str) -> str:
    """What stands in a table's place before there is anything to show."""
    return f"*Not measured yet: `{command}`.*"


def newest(rows: Iterable[dict[str, str]], *keys: str) -> dict[tuple[str, ...], dict[str, str]]:
    """The last row for each combination of the columns `keys`, in the order in which the combinations first appear."""
    return {tuple(row[key] for key in keys): row for row in rows}


def measured_on(rows: Iterable[dict[str, str]]) -> str:
    """A sentence on the machine and the commits that the rows of a benchmark come from."""
    rows = list(rows)
    last = rows[-1]
    threads = f"{last['threads']} thread{'s' * (last['threads'] != '1')}"
    commits = dict.fromkeys(row["git_sha"][:7] + "-dirty" * row["git_sha"].endswith("-dirty") for row in rows)
    machine = f"{last['machine']}, {last['cores']} cores, {float(last['memory_gb']):.0f} GB"
    return f"{machine}, {threads} a network, Paddle {last['paddle']}, commit {', '.join(commits)}; medians."


def same_machine(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows from the machine of the last one: figures of two machines do not belong in one table."""
    return [row for row in rows if all(row[key] == rows[-1][key] for key in ("machine", "cores", "threads"))]


def short_count(number: float) -> str:
    """1.84 M, 1.51 G."""
    return f"{number / 1e9:.2f} G" if number >= 1e9 else f"{number / 1e6:.2f} M"
