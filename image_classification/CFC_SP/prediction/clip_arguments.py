"""The options of a command that looks at clips: how, and what of the results is written."""

from typing import TYPE_CHECKING

from ..support.command_line import Parser
from ..writers.output import FILES

if TYPE_CHECKING:
    from .options import ClipOptions


def add_clip_options(parser: Parser) -> None:
    """Adds what `clip_options_of` reads."""
    parser.option("start", metavar="TIME", help="look at frames from this time after the first one on: seconds or h:mm:ss")
    parser.option("end", metavar="TIME", help="look at frames before this time after the first one")
    parser.option("stride", type=int, default=1, metavar="N", help="look at every Nth frame (default: 1)")
    parser.option("window", type=int, metavar="FRAMES", help="smoothing window in frames at 30 fps, 0: off (default: the bundle's)")
    parser.option("smoothing", metavar="KIND", help="logits (the paper's), probabilities or decoder (default: the bundle's)")
    parser.option("prior", metavar="TAU", help="take the training data's prior out to this power; data: leave it (default: the bundle's)")
    parser.option("search", default="auto", metavar="NAME", help="auto, or every: look for faces in every whole frame, which is slow")
    parser.option("fps", type=float, metavar="RATE", help="pictures a second of a folder (default: 30), or frames of a raw stream")
    parser.option("max_pixels", type=int, metavar="COUNT", help="the most pixels of a frame (default: 25 million)")


def add_output_options(parser: Parser) -> None:
    """Adds `-formats`, and what `clip_options_of` reads of the files for other programs."""
    parser.option("formats", default="csv,json,mp4", metavar="LIST", help=f"of {', '.join(FILES)} (default: csv,json,mp4)")
    parser.option("min_confidence", type=float, metavar="P", help="leave segments of less out of subtitles and annotation files")
    parser.option("min_segment", type=float, metavar="S", help="leave segments shorter than this out of those files")


def clip_options_of(arguments) -> "ClipOptions":
    """The options as they were given; raises UserError for one that has no meaning."""
    # What it brings along takes longer to import than a command takes to say what is wrong with its words.
    from .options import ClipOptions, span_of

    names = ("window", "fps", "search", "smoothing", "prior", "max_pixels", "min_confidence", "min_segment", "lag")
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return ClipOptions(span=span_of(arguments.start, arguments.end, arguments.stride), **given)
