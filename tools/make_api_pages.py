# SPDX-License-Identifier: Apache-2.0
"""Writes the pages of the public names, from their docstrings: HTML by pdoc.

python tools/make_api_pages.py -out build/api
"""

import re
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    parser.option("out", type=Path, default=Path("build/api"), metavar="FOLDER", help="receives index.html (default: build/api)")


def run(arguments) -> None:
    import pdoc

    import cfc_sp

    for name in cfc_sp.__all__:
        # pdoc looks at what a module holds, and this one fetches its names on demand.
        public = getattr(cfc_sp, name)
        setattr(cfc_sp, name, public)
        for documented in (public, *vars(public).values()) if isinstance(public, type) else (public,):
            if isinstance(getattr(documented, "__doc__", None), str) and callable(documented):
                documented.__doc__ = with_code_blocks(documented.__doc__)
    pdoc.render.configure(docformat="markdown", show_source=False)
    pdoc.pdoc("cfc_sp", output_directory=arguments.out)
    print(arguments.out / "cfc_sp.html")


def with_code_blocks(docstring: str) -> str:
    """The docstring with its examples as blocks of code, which Markdown would take for quotations."""
    return re.sub(r"(^[ ]*)(>>> .*(?:\n[ ]*\S.*)*)", r"\1```pycon\n\1\2\n\1```", docstring, flags=re.M)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
