# SPDX-License-Identifier: Apache-2.0
"""Labels the facial expressions in videos, pictures and streams: one row for each face in each frame, and an annotated clip.

examples:
  predict.py -video clip.mp4
  predict.py folder -recursive -resume
  predict.py -video rtsp://cam/1 -end 60
"""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.prediction import clip_arguments
from image_classification.CFC_SP.support.command_line import MISTAKE, Parser, run_script
from image_classification.CFC_SP.support.errors import UserError

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    parser.option("video", nargs="*", metavar="PATH", help="videos, pictures, folders of either; or one camera number or stream address")
    parser.words("video", metavar="PATH", help="the same, without -video")
    parser.option("recursive", action="store_true", help="also look for clips in the folders inside a folder")
    parser.option("out", default="output", metavar="FOLDER", help="receives one folder for each clip (default: output)")
    clip_arguments.add_output_options(parser)
    clip_arguments.add_clip_options(parser)
    clip_arguments.add_model_options(parser)
    clip_arguments.add_run_options(parser)


def run(arguments) -> int:
    from image_classification.CFC_SP.prediction.live_output import live_output

    formats = clip_arguments.formats_of(arguments)
    wanted = arguments.bundle, arguments.device, arguments.engine, arguments.precision, arguments.min_face
    options = clip_arguments.clip_options_of(arguments)
    with live_output(arguments.live) as live:
        return _write(arguments, wanted, formats, options, live)


def _write(arguments, wanted, formats, options, live) -> int:
    from image_classification.CFC_SP.prediction.recognizer import Recognizer
    from image_classification.CFC_SP.video.stream import is_stream

    if arguments.ray:
        from image_classification.CFC_SP.prediction.clips_on_ray import write_clips_on_ray

        return MISTAKE if write_clips_on_ray(arguments, wanted, formats, options) else 0
    if any(map(is_stream, arguments.video)):
        from image_classification.CFC_SP.prediction.stream_files import write_stream

        of_files = {"-resume": arguments.resume, "-recursive": arguments.recursive, "-jobs": arguments.jobs not in (None, 1)}
        write_stream(partial(Recognizer, *wanted), arguments.video, arguments.out, formats, options, arguments.verbosity, of_files, live)
        return 0
    if options.lag:
        raise UserError("-lag: expected a camera or stream, found files, which need no lag: leave it out")
    # Its worker process imports the engine while this one imports the rest.
    with Recognizer(*wanted) if arguments.jobs in (None, 1) else nullcontext() as recognizer:
        from image_classification.CFC_SP.prediction.clip_search import find_clips
        from image_classification.CFC_SP.prediction.many_clips import ClipTask, write_clips

        task = ClipTask(arguments.out, formats, options, arguments.resume, arguments.verbosity)
        clips, notes = find_clips(arguments.video, arguments.recursive)
        for note in notes if arguments.verbosity >= 0 else ():
            print(note)
        if recognizer:
            return MISTAKE if write_clips(recognizer, clips, task, live) else 0
    from image_classification.CFC_SP.prediction.clips_at_a_time import write_clips_at_a_time

    return MISTAKE if write_clips_at_a_time(wanted, arguments.jobs, clips, task) else 0


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
