# SPDX-License-Identifier: Apache-2.0
"""Scores networks on a data set or on clips that people labelled: a bundle, or checkpoints.

python evaluate.py -bundle lite -data ferplus.zip -split test -flip
python evaluate.py -bundle lite -video clips -annotations labels -mapping labels.yaml
python evaluate.py -coarse a/best.safetensors b/best.safetensors -negative c/best.safetensors \\
    -data affwild2 -dataset affwild2 -cache cache -submission files

With -annotations, the bundle labels the clips of -video as `predict` does, and its labels are compared with people's. Checkpoints are
scored stage by stage, and coarse and negative ones together as a cascade. With -cache their logits are computed once.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.commands import evaluate_clips
from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("bundle", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    for stage in ("coarse", "negative", "flat"):
        parser.option(stage, nargs="+", default=[], metavar="FILE", help=f"best.safetensors of {stage} networks, instead of a bundle")
    parser.option("data", metavar="PATH", help="the data set's zip or unpacked folder")
    evaluate_clips.add_options(parser)
    parser.option("dataset", default="ferplus", help="which data set it is (default: ferplus)")
    parser.option("split", default="val", choices=("val", "test"), help="choose on val; test is for figures to report (default: val)")
    parser.option("flip", action="store_true", help="average each picture's logits with those of its mirror image")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")
    engines = "auto", "paddle", "onnxruntime", "openvino"
    parser.option("engine", default="auto", choices=engines, help="what runs a bundle's networks (default: auto)")
    parser.option(
        "precision", default="auto", choices=("auto", "float32", "bfloat16"), help="default: bfloat16 where CPU and bundle allow it"
    )
    parser.option("out", metavar="FOLDER", help="append the figures to a CSV in this folder, and draw the confusion matrix there")
    parser.option("cache", metavar="FOLDER", help="keep the checkpoints' logits here; a second evaluation runs no network")
    parser.option("window", type=int, metavar="FRAMES", help="of smoothing (default: the checkpoint's; 0 for still pictures)")
    parser.option("scope", choices=("routed", "all"), help="frames whose negative logits are averaged (default: the checkpoint's)")
    parser.option("submission", metavar="FOLDER", help="write the challenge's files, a label for every frame of every video")


def run(arguments) -> int | None:
    from image_classification.CFC_SP.support.errors import UserError

    checkpoints = arguments.coarse or arguments.negative or arguments.flat
    if checkpoints and arguments.bundle:
        raise UserError("expected a bundle or checkpoints, found both: leave out -bundle, or -coarse, -negative and -flat")
    if not checkpoints and (arguments.cache or arguments.submission or arguments.scope or arguments.window):
        raise UserError("-cache, -window, -scope and -submission go with checkpoints: give -coarse and -negative, or -flat")
    if arguments.annotations or arguments.video:
        if checkpoints:
            raise UserError("expected a bundle for clips, found checkpoints: export them, and give -bundle")
        arguments.bundle = arguments.bundle or "lite"
        return evaluate_clips.run(arguments)
    if not arguments.data:
        raise UserError("expected a data set, or clips and their labels, found neither: give -data, or -video and -annotations")
    from image_classification.CFC_SP.scoring.bundle_scores import describe, evaluate_bundle, record
    from image_classification.CFC_SP.scoring.checkpoint_scores import evaluate_command
    from image_classification.CFC_SP.scoring.score_report import lines_of

    if checkpoints:
        scores, written = evaluate_command(arguments)
        print("\n".join(lines_of(scores)))
    else:
        arguments.bundle = arguments.bundle or "lite"
        how = arguments.flip, arguments.device, arguments.engine, arguments.precision
        evaluation = evaluate_bundle(arguments.bundle, arguments.data, arguments.dataset, arguments.split, *how)
        print("\n".join([describe(evaluation, arguments), *lines_of(evaluation.scores)]))
        written = [record(evaluation, arguments)] if arguments.out else []
    for path in written:
        print(path)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
