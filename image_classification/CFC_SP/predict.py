"""Facial expressions in video: one row a frame and face, and an annotated clip.

examples:
  predict.py -video clip.mp4
  predict.py folder -recursive -resume
  predict.py a.mp4 -formats csv
  predict.py -video 0
  predict.py -video rtsp://cam/1 -end 60
"""

import sys
from functools import partial
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.prediction.clip_arguments import add_clip_options, add_output_options, clip_options_of
from image_classification.CFC_SP.support.command_line import MISTAKE, Parser, run_script
from image_classification.CFC_SP.support.errors import UserError

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    what = "videos, folders of videos or pictures; or a camera's number, or an address"
    parser.option("video", nargs="*", metavar="PATH", help=what)
    parser.words("video", metavar="PATH", help="the same, without -video")
    parser.option("recursive", action="store_true", help="look for clips in the folders inside a folder, too")
    parser.option("out", default="output", metavar="FOLDER", help="receives one folder a clip (default: output)")
    add_output_options(parser)
    add_clip_options(parser)
    parser.option("lag", type=float, default=0.0, metavar="S", help="let a stream's labels wait for what comes after them (default: 0)")
    parser.option("engine", default="auto", metavar="NAME", help="what runs the networks: auto, paddle or openvino (default: auto)")
    parser.option("precision", default="auto", metavar="NAME", help="auto, float32 or bfloat16 (default: auto, as CPU and bundle allow)")
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for (default: the bundle's)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", metavar="NAME", help="auto, cpu or gpu (default: auto, the GPU where there is one)")
    parser.option("resume", action="store_true", help="skip clips whose results are there, of the same bundle and options")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("-v", "--verbose", action="store_const", dest="verbosity", const=1, default=0, help="say more")
    amount.add_argument("-q", "--quiet", action="store_const", dest="verbosity", const=-1, help="say nothing but errors")


def run(arguments) -> int:
    from image_classification.CFC_SP.prediction.recognizer import Recognizer
    from image_classification.CFC_SP.video.stream import is_stream
    from image_classification.CFC_SP.writers.output import check_formats

    formats = check_formats(arguments.formats.split(","))
    load = partial(Recognizer, arguments.bundle, arguments.device, arguments.engine, arguments.precision, arguments.min_face)
    options = clip_options_of(arguments)
    if any(map(is_stream, arguments.video)):
        from image_classification.CFC_SP.prediction.stream_files import write_stream

        write_stream(load, arguments.video, arguments.out, formats, options, arguments.resume, arguments.verbosity)
        return 0
    if options.lag:
        raise UserError("-lag: expected a camera or stream for it, found files, whose frames know what follows: leave it out")
    # Its worker process imports Paddle while this one imports the rest.
    with load() as recognizer:
        from image_classification.CFC_SP.prediction.clip_search import find_clips
        from image_classification.CFC_SP.prediction.many_clips import write_clips

        clips, notes = find_clips(arguments.video, arguments.recursive)
        for note in notes if arguments.verbosity >= 0 else ():
            print(note)
        failed = write_clips(recognizer, clips, arguments.out, formats, options, arguments.resume, arguments.verbosity)
    return MISTAKE if failed else 0


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
