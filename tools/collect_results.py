# SPDX-License-Identifier: Apache-2.0
"""Writes the tables and figures of the documents from results/ and the bundles, or sees whether they are current.

python tools/collect_results.py
python tools/collect_results.py -check

A document holds a table between `<!-- table: NAME -->` and `<!-- end of table -->`, and a figure within a sentence between
`<!-- figure: NAME -->` and `<!-- end -->`. -names shows what there is.
"""

import sys
from functools import partial
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path for place in ("README*.md", "docs/*.md", "results/*.md", "image_classification/**/README*.md") for path in ROOT.glob(place)
)


def tables(results: Path) -> dict:
    """The functions that make the tables, by name."""
    from tools.tables import footage, installed, overview, paper, scores, speed, zoo

    makers = {
        "bundles": overview.bundles,
        "bundles-cn": partial(overview.bundles, language="cn"),
        "install": installed.install,
        "pictures": scores.pictures,
        "stages": scores.stages,
        "weak-classes": scores.weak_classes,
        "clips": footage.clips,
        "clip-modes": footage.clip_modes,
        "clip-failures": footage.clip_failures,
        "alignment": footage.alignment,
        "robustness": scores.robustness,
        "speed": speed.clips,
        "memory": speed.memory,
        "cluster": speed.cluster,
        "budgets": speed.budgets,
        "bundle-networks": zoo.members,
        "bundle-files": zoo.files,
        "model-zoo": zoo.model_zoo,
        "model-zoo-cn": partial(zoo.model_zoo, language="cn"),
        "networks": zoo.networks,
        "paper-networks": zoo.paper_networks,
        "stand-in": paper.stand_in,
        "ferplus-tables": paper.ferplus,
    }
    return {name: partial(make, results) for name, make in makers.items()}


def add_options(parser: Parser) -> None:
    parser.option("check", action="store_true", help="change nothing; fail where a table or a figure is not current")
    parser.option("names", action="store_true", help="show the names of all tables and figures, with what the figures are")


def run(arguments) -> None:
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.support.files import atomic_path
    from tools.tables.markdown import fill, fill_figures
    from tools.tables.overview import figures
    from tools.tables.rooms import RESULTS

    makers, known = tables(RESULTS), figures(RESULTS)
    if arguments.names:
        print("\n".join([*(f"table {name}" for name in makers), *(f"figure {name}: {value}" for name, value in sorted(known.items()))]))
        return
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        new = fill_figures(fill(text, makers, path.name), known, path.name)
        if arguments.check and new != text:
            raise UserError(f"expected {path.name} to hold the figures of results/, found others: run python tools/collect_results.py")
        if new != text:
            with atomic_path(path) as temporary:
                temporary.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
