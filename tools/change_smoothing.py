# SPDX-License-Identifier: Apache-2.0
"""Gives a bundle another smoothing and prior; its networks stay as they are, to the bit.

python tools/change_smoothing.py -bundle lite -smoothing decoder -prior 0.8 -data ferplus.zip -clips CLIPS CLIPS/bench -out bundles/lite

Counts the classes' shares in the training split at -data, and fits the confidence of what is smoothed to the labelled ranges of -clips.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("smoothing", required=True, metavar="KIND", help="logits, probabilities or decoder")
    parser.option("window", type=int, metavar="FRAMES", help="at 30 fps (default: the kind's)")
    parser.option("prior", type=float, required=True, metavar="TAU", help="the power of the training data's prior that is taken out")
    parser.option("data", required=True, metavar="PATH", help="the data set that the networks were trained on")
    parser.option("clips", nargs="+", type=Path, default=[], metavar="FOLDER", help="folders of clips with labels.csv")
    parser.option("calibration", nargs=2, type=float, metavar="T", help="instead of -clips: the coarse and the negative temperature")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="the new bundle's folder; its last part is the bundle's name")


def run(arguments) -> None:
    import tempfile

    from image_classification.CFC_SP.core.cascade_settings import Temperature
    from image_classification.CFC_SP.core.kinds import KINDS, kind_number
    from image_classification.CFC_SP.data.datasets import class_shares
    from image_classification.CFC_SP.exporting import write_bundle
    from image_classification.CFC_SP.exporting.members import members_of
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from tools.footage.calibration import fit_calibration, labelled_rows

    kind_number(arguments.smoothing)
    bundle = open_bundle(arguments.bundle)
    manifest, members = bundle.manifest, members_of(bundle)
    config = members["coarse"][0].config.clone()
    config.defrost()
    config.SP.KIND, config.PRIOR.TAU = arguments.smoothing, arguments.prior
    config.SP.WINDOW = KINDS[arguments.smoothing] if arguments.window is None else arguments.window
    config.SP.NORMALIZER, config.CASCADE.NEGATIVE_SCOPE = manifest["sp"]["normalizer"], manifest["cascade"]["negative_scope"]
    config.PRIOR.SHARES = class_shares(config.DATA.NAME, arguments.data)
    temperatures = {stage: [] for stage in members}
    for network in manifest["networks"]:
        temperatures[network["stage"]].append(Temperature(network["temperature"], network["temperature_smoothed"]))
    settings = temperatures, manifest["networks"][0]["licence"], config
    calibration = {arguments.smoothing: arguments.calibration} if arguments.calibration else None
    if arguments.clips and arguments.smoothing != "logits":
        with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
            plain = write_bundle(members, Path(folder, arguments.out.name), *settings, engines=manifest["engines"])
            calibration = {arguments.smoothing: list(fit_calibration(*labelled_rows(arguments.clips, plain)))}
        print(f"calibration: {calibration}")
    print(write_bundle(members, arguments.out, *settings, calibration, manifest["engines"]))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
