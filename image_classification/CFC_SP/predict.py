"""Facial expressions in video: one row a frame and face, and an annotated clip.

examples:
  predict.py -video clip.mp4
  predict.py folder -recursive -resume
  predict.py a.mp4 -formats csv
  predict.py -video 0
  predict.py -video rtsp://cam/1 -end 60
"""

import sys
from contextlib import nullcontext
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
    parser.option("engine", default="auto", metavar="NAME", help="what runs the networks: auto, paddle, onnxruntime or openvino")
    parser.option("precision", default="auto", metavar="NAME", help="auto, float32 or bfloat16 (default: auto, as CPU and bundle allow)")
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for (default: the bundle's)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", metavar="NAME", help="auto, cpu, gpu, tensorrt, coreml or directml (default: auto)")
    parser.option("jobs", type=int, default=1, metavar="N", help="clips at a time, each in a process of its own (default: 1)")
    parser.option("resume", action="store_true", help="skip clips whose results are there, of the same bundle and options")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("-v", "--verbose", action="store_const", dest="verbosity", const=1, default=0, help="say more")
    amount.add_argument("-q", "--quiet", action="store_const", dest="verbosity", const=-1, help="say nothing but errors")


def run(arguments) -> int:
    from image_classification.CFC_SP.prediction.recognizer import Recognizer
    from image_classification.CFC_SP.video.stream import is_stream
    from image_classification.CFC_SP.writers.output import check_formats

    formats = check_formats(arguments.formats.split(","))
    wanted = arguments.bundle, arguments.device, arguments.engine, arguments.precision, arguments.min_face
    options = clip_options_of(arguments)
    if any(map(is_stream, arguments.video)):
        from image_classification.CFC_SP.prediction.stream_files import write_stream

        load = partial(Recognizer, *wanted)
        write_stream(load, arguments.video, arguments.out, formats, options, arguments.resume, arguments.verbosity, arguments.recursive)
        return 0
    if options.lag:
        raise UserError("-lag: expected a camera or stream for it, found files, whose frames know what follows: leave it out")
    # Its worker process imports the engine while this one imports the rest.
    with Recognizer(*wanted) if arguments.jobs == 1 else nullcontext() as recognizer:
        from image_classification.CFC_SP.prediction.clip_search import find_clips
        from image_classification.CFC_SP.prediction.many_clips import ClipTask, write_clips

        task = ClipTask(arguments.out, formats, options, arguments.resume, arguments.verbosity)
        clips, notes = find_clips(arguments.video, arguments.recursive)
        for note in notes if arguments.verbosity >= 0 else ():
            print(note)
        if recognizer:
            return MISTAKE if write_clips(recognizer, clips, task) else 0
    from image_classification.CFC_SP.prediction.clips_at_a_time import write_clips_at_a_time

    return MISTAKE if write_clips_at_a_time(wanted, arguments.jobs, clips, task) else 0


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
