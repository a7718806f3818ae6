# SPDX-License-Identifier: Apache-2.0
"""The options of a command that looks at clips: how, and what of the results is written."""

import os
from typing import TYPE_CHECKING

from ..support.command_line import Parser
from ..support.errors import UserError
from ..writers.output import FILES, check_formats

if TYPE_CHECKING:
    from .options import ClipOptions


def add_clip_options(parser: Parser) -> None:
    """Adds what `clip_options_of` reads."""
    parser.option("start", metavar="TIME", help="start at this time, in seconds or h:mm:ss, counted from the first frame")
    parser.option("end", metavar="TIME", help="stop before this time, counted from the first frame")
    parser.option("stride", type=int, default=1, metavar="N", help="analyse every Nth frame (default: 1)")
    parser.option("window", type=int, metavar="FRAMES", help="smoothing window in frames at 30 fps, 0: off (default: the bundle's)")
    parser.option("smoothing", metavar="KIND", help="logits (the paper's), probabilities or decoder (default: the bundle's)")
    parser.option(
        "prior",
        metavar="TAU",
        help="divide by the training data's class shares to this power, 0 to 2; data: do not (default: the bundle's)",
    )
    parser.option(
        "search", default="auto", metavar="NAME", help="auto, or every: search every whole frame for faces, which is slow (default: auto)"
    )
    parser.option(
        "fps", type=float, metavar="RATE", help="treat pictures as frames of a recording at this rate; or the rate of a raw stream"
    )
    parser.option("max_pixels", type=int, metavar="COUNT", help="the most pixels a frame may have (default: 25 million)")


def add_output_options(parser: Parser) -> None:
    """Adds `-formats`, and what `clip_options_of` reads of files: of those for other programs, and of those that show the clip."""
    parser.option("formats", default="csv,json,mp4", metavar="LIST", help=f"one or more of {', '.join(FILES)} (default: csv,json,mp4)")
    parser.option(
        "min_confidence", type=float, metavar="P", help="leave segments below this confidence out of subtitles and annotation files"
    )
    parser.option("min_segment", type=float, metavar="S", help="leave segments shorter than this many seconds out of those files")
    parser.option("hide", metavar="NAME", help="blur, pixelate or box: hide all faces in the files that show the clip")
    parser.option("no_labels", action="store_true", help="draw nothing on the clip; with -hide, annotated.mp4 is a copy to share")


def add_model_options(parser: Parser) -> None:
    """Adds the bundle, what runs it, and the smallest face it looks for."""
    parser.option(
        "engine", default="auto", metavar="NAME", help="what runs the networks: auto, paddle, onnxruntime or openvino (default: auto)"
    )
    parser.option(
        "precision", default="auto", metavar="NAME", help="auto, float32 or bfloat16 (default: auto, which depends on CPU and bundle)"
    )
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for, in pixels (default: the bundle's)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", metavar="NAME", help="auto, cpu, gpu, tensorrt, coreml or directml (default: auto)")


def add_run_options(parser: Parser) -> None:
    """Adds what says how a run goes: `-lag`, `-jobs`, `-ray`, `-gpus_per_worker`, `-resume`, `-live`, `-v` and `-q`."""
    parser.option(
        "lag",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds that each frame of a stream waits for later ones, for smoothing, 1 at most (default: 0)",
    )
    parser.option(
        "jobs", type=int, metavar="N", help="clips to analyse at a time, each in its own process (default: 1; with -ray: as many as fit)"
    )
    parser.option("ray", metavar="ADDRESS", help="work on a Ray cluster: its address, or auto for one on this machine")
    parser.option("gpus_per_worker", type=float, metavar="N", help="GPUs that each worker of a cluster takes (default: none)")
    parser.option("resume", action="store_true", help="skip clips that already have results from the same bundle and options")
    parser.option(
        "live",
        metavar="NAME",
        help="jsonl: write a line of JSON for each frame to standard output; lsl: send a Lab Streaming Layer stream for each face",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("-v", "--verbose", action="store_const", dest="verbosity", const=1, default=0, help="print more")
    amount.add_argument("-q", "--quiet", action="store_const", dest="verbosity", const=-1, help="print nothing but errors")


def formats_of(arguments) -> tuple[str, ...]:
    """What `-formats` names; raises UserError for one that is unknown, and where blanks stand between the names: the shell makes words of
    their own of these, which would be looked for as clips."""
    words = [arguments.formats, *(word for word in arguments.video if _is_formats(word) and not os.path.lexists(word))]
    names = [name.strip() for word in words for name in word.split(",")]
    if len(words) > 1 or names != arguments.formats.split(",") or "" in names:
        known = ",".join(dict.fromkeys(name for name in names if name in FILES)) or "csv,html"
        found = " ".join(words)[:200]
        raise UserError(f"-formats: expected names joined by commas, without blanks, found {found!r}: write -formats {known}")
    return check_formats(names)


def _is_formats(word: str) -> bool:
    """Whether a word that stands for a clip names formats, and nothing but them."""
    names = [name for name in word.split(",") if name]
    return bool(names) and all(name in FILES for name in names)


def clip_options_of(arguments) -> "ClipOptions":
    """The options as they were given; raises UserError for one that has no meaning."""
    # What it brings along takes longer to import than a command takes to say what is wrong with its words.
    from .options import ClipOptions, span_of

    names = ("window", "fps", "search", "smoothing", "prior", "max_pixels", "min_confidence", "min_segment", "lag", "hide")
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    if getattr(arguments, "live", None) and (arguments.jobs or 1) > 1:
        raise UserError("-live: expected one clip at a time, so that its lines come in order, found -jobs: leave out one of the two")
    check_cluster(arguments)
    part = span_of(arguments.start, arguments.end, arguments.stride)
    return ClipOptions(span=part, labels=not getattr(arguments, "no_labels", False), **given)


def check_cluster(arguments) -> None:
    """Raises UserError for what `-ray` cannot be together with, and for what takes it."""
    ray, gpus = getattr(arguments, "ray", None), getattr(arguments, "gpus_per_worker", None)
    if gpus is not None and not ray:
        raise UserError("-gpus_per_worker: expected -ray with it, found none: without a cluster, choose with -device")
    if ray and (arguments.live or arguments.lag):
        found = "-live" if arguments.live else "-lag"
        raise UserError(f"-ray: expected files that are looked at each on its own, found {found}: leave one of the two out")
