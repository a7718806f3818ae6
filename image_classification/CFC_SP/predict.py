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

from image_classification.CFC_SP.support.command_line import MISTAKE, Parser, run_script

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    what = "videos, folders of videos or pictures; or a camera's number, or an address"
    parser.option("video", nargs="*", metavar="PATH", help=what)
    parser.words("video", metavar="PATH", help="the same, without -video")
    parser.option("recursive", action="store_true", help="look for clips in the folders inside a folder, too")
    parser.option("out", default="output", metavar="FOLDER", help="receives one folder a clip (default: output)")
    parser.option("formats", default="csv,json,mp4", metavar="LIST", help="of csv, json, mp4, html and png (default: csv,json,mp4)")
    parser.option("start", metavar="TIME", help="look at frames from this time after the first one on: seconds or h:mm:ss")
    parser.option("end", metavar="TIME", help="look at frames before this time after the first one")
    parser.option("stride", type=int, default=1, metavar="N", help="look at every Nth frame (default: 1)")
    parser.option("window", type=int, metavar="FRAMES", help="smoothing window in frames at 30 fps, 0: off (default: the bundle's)")
    parser.option("smoothing", metavar="KIND", help="logits (the paper's), probabilities or decoder (default: the bundle's)")
    parser.option("prior", metavar="TAU", help="take the training data's prior out to this power; data: leave it (default: the bundle's)")
    parser.option("search", default="auto", metavar="NAME", help="auto, or every: look for faces in every whole frame, which is slow")
    parser.option("engine", default="auto", metavar="NAME", help="what runs the networks: auto, paddle or openvino (default: auto)")
    parser.option("precision", default="auto", metavar="NAME", help="auto, float32 or bfloat16 (default: auto, as CPU and bundle allow)")
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for (default: the bundle's)")
    parser.option("fps", type=float, metavar="RATE", help="pictures a second of a folder (default: 30), or frames of a raw stream")
    parser.option("max_pixels", type=int, metavar="COUNT", help="the most pixels of a frame (default: 25 million)")
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
    from image_classification.CFC_SP.prediction.options import ClipOptions, span_of

    part = span_of(arguments.start, arguments.end, arguments.stride)
    asked = arguments
    options = ClipOptions(asked.window, part, asked.fps, asked.search, asked.smoothing, asked.prior, asked.max_pixels)
    if any(map(is_stream, arguments.video)):
        from image_classification.CFC_SP.prediction.stream_files import write_stream

        write_stream(load, arguments.video, arguments.out, formats, options, arguments.resume, arguments.verbosity)
        return 0
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
