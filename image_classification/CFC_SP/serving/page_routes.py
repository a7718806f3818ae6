# SPDX-License-Identifier: Apache-2.0
"""The page, in plain HTML, CSS and one script; nothing of it comes from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, Response

from ..core.labels import EXPR
from ..writers.palette import COLOURS, text_colour
from .route_parts import SentFile

_FOLDER = Path(__file__).with_name("page")
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def page_routes() -> APIRouter:
    """The page's routes."""
    routes = APIRouter(include_in_schema=False)
    for path, (name, kind) in _FILES.items():
        routes.add_api_route(path, _sender(_FOLDER / name, kind), methods=["GET", "HEAD"], name=name)

    @routes.get("/colours.css")
    async def colours() -> Response:
        """One colour a class, and that of text on it: the report's."""
        return Response(colour_sheet(), media_type="text/css; charset=utf-8")

    return routes


def colour_sheet() -> str:
    """The classes' colours as CSS: `--anger` and, for text on it, `--on-anger`."""
    pairs = ((name.lower(), COLOURS[name]) for name in EXPR)
    lines = (f"  --{name}: {_css(colour)};\n  --on-{name}: {_css(text_colour(colour))};\n" for name, colour in pairs)
    return f":root {{\n{''.join(lines)}}}\n"


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _sender(path: Path, kind: str):
    async def send() -> SentFile:
        return SentFile(path, media_type=kind, headers={"Cache-Control": "no-cache"})

    return send
