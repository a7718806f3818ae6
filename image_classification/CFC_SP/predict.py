"""Facial expressions in video: one row a frame and face, and an annotated clip.

python predict.py -video clip.mp4
python predict.py -video a.mp4 b.mov -out results -formats csv,json
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.entry import MISTAKE, Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("video", nargs="+", required=True, metavar="FILE", help="one clip or more")
    parser.option("out", default="output", metavar="FOLDER", help="receives one folder a clip (default: output)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")
    parser.option("window", type=int, metavar="FRAMES", help="smoothing window in frames at 30 fps, 0: off (default: the bundle's)")
    parser.option("formats", default="csv,json,mp4", metavar="LIST", help="of csv, json, mp4, html and png (default: csv,json,mp4)")
    parser.option("engine", default="paddle", choices=("paddle", "openvino"), help="what runs the networks (default: paddle)")
    parser.option(
        "precision", default="auto", choices=("auto", "float32", "bfloat16"), help="default: bfloat16 where CPU and bundle allow it"
    )
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for (default: the bundle's)")


def run(arguments) -> int:
    from image_classification.CFC_SP.analysis import analyse_clip, make_recognizer
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.report_text import describe
    from image_classification.CFC_SP.writers.output import OutputFolder, check_formats

    formats = check_formats(arguments.formats.split(","))
    recognizer = make_recognizer(arguments.bundle, arguments.device, arguments.min_face, arguments.engine, arguments.precision)
    stems, failed = set(), 0
    for path in arguments.video:
        stem = name = Path(path).stem
        # Clips of one name from different folders must not overwrite each other's results.
        number = 2
        while stem in stems:
            stem, number = f"{name}-{number}", number + 1
        stems.add(stem)
        try:
            folder = OutputFolder(arguments.out, stem, formats)
            print(describe(analyse_clip(recognizer, path, folder, arguments.window), folder.files))
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
    if failed and len(arguments.video) > 1:
        print(f"error: {failed} of {len(arguments.video)} clips failed; the others are done", file=sys.stderr)
    return MISTAKE if failed else 0


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
