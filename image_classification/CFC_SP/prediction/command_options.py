"""The options of `cfc-sp predict` that say what becomes of pictures and numbers, and all of them as one record."""

from typing import TYPE_CHECKING

from ..support.command_line import Parser

if TYPE_CHECKING:
    from .options import ClipOptions


def add_output_options(parser: Parser) -> None:
    """Adds -hide, -no_labels and -live, and -v and -q."""
    parser.option("hide", metavar="NAME", help="blur, pixelate or box: hide all faces in whatever shows the clip")
    parser.option("no_labels", action="store_true", help="draw nothing: with -hide, annotated.mp4 is a copy of the clip to share")
    parser.option("live", metavar="NAME", help="jsonl: a line of JSON a frame on standard output; lsl: a Lab Streaming Layer stream a face")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("-v", "--verbose", action="store_const", dest="verbosity", const=1, default=0, help="say more")
    amount.add_argument("-q", "--quiet", action="store_const", dest="verbosity", const=-1, help="say nothing but errors")


def clip_options(arguments) -> "ClipOptions":
    """What the arguments ask for; raises UserError for what is none such."""
    # Help needs nothing of what this imports.
    from .options import ClipOptions, span_of

    part = span_of(arguments.start, arguments.end, arguments.stride)
    asked = arguments
    how = asked.window, part, asked.fps, asked.search, asked.smoothing, asked.prior, asked.max_pixels
    return ClipOptions(*how, hide=asked.hide, labels=not asked.no_labels)
