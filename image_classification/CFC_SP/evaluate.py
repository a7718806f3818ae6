"""Scores a bundle on the still pictures of a data set, without smoothing: the cascade's eight classes, and each stage by itself.

python evaluate.py -bundle lite -data ferplus.zip -split test -out results
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from image_classification.CFC_SP.entry import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("data", required=True, metavar="PATH", help="the data set's zip or unpacked folder")
    parser.option("dataset", default="ferplus", help="which data set it is (default: ferplus)")
    parser.option("split", default="val", choices=("val", "test"), help="choose on val; test is for figures to report (default: val)")
    parser.option("flip", action="store_true", help="average each picture's logits with those of its mirror image")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="default: the GPU where there is one")
    parser.option("engine", default="paddle", choices=("paddle", "openvino"), help="what runs the networks (default: paddle)")
    parser.option(
        "precision", default="auto", choices=("auto", "float32", "bfloat16"), help="default: bfloat16 where CPU and bundle allow it"
    )
    parser.option("out", metavar="FOLDER", help="append the figures to evaluate.csv in this folder, and draw the confusion matrix there")


def run(arguments) -> None:
    from image_classification.CFC_SP.core.labels import EXPR
    from image_classification.CFC_SP.evaluation import evaluate_bundle, record

    how = arguments.flip, arguments.device, arguments.engine, arguments.precision
    scores = evaluate_bundle(arguments.bundle, arguments.data, arguments.dataset, arguments.split, *how)
    for stage, own in scores.items():
        on = " on pictures that are truly negative" if stage == "negative" else ""
        print(
            f"{stage}: accuracy {own.accuracy:.2%}, macro-F1 {own.macro_f1:.4f} over {len(own.f1)} classes, "
            f"calibration error {own.ece:.4f}{on}"
        )
    cascade = scores["cascade"]
    print(f"  {'class':<10} {'prec.':>6} {'recall':>6} {'F1':>6} {'of':>6}  predicted as, in the same order")
    for i, (name, row) in enumerate(zip(EXPR, cascade.confusion, strict=True)):
        shares = f"{cascade.precision[i]:>6.3f} {cascade.recall[i]:>6.3f} {cascade.f1[i]:>6.3f}"
        print(f"  {name:<10} {shares} {row.sum():>6}  " + " ".join(f"{count:>4}" for count in row))
    if arguments.out:
        print(record(scores, arguments))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
