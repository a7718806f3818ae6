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
    import numpy as np

    from image_classification.CFC_SP.core.cascade_settings import Temperature
    from image_classification.CFC_SP.core.kinds import KINDS, kind_number
    from image_classification.CFC_SP.data.datasets import class_shares
    from image_classification.CFC_SP.exporting import write_bundle
    from image_classification.CFC_SP.exporting.members import members_of
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.mode import Mode

    number = kind_number(arguments.smoothing)
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
    calibration = {arguments.smoothing: arguments.calibration} if arguments.calibration else None
    if arguments.clips and arguments.smoothing != "logits":
        inputs = np.array([number]), np.array([arguments.prior], np.float32)
        mode = Mode(arguments.smoothing, arguments.prior, config.SP.WINDOW, inputs)
        calibration = {arguments.smoothing: _calibration_on(arguments.clips, arguments.bundle, temperatures, config, mode)}
        print(f"calibration: {calibration}")
    licence = manifest["networks"][0]["licence"]
    print(write_bundle(members, arguments.out, temperatures, licence, config, calibration, manifest["engines"]))


def _calibration_on(clips, location, temperatures, config, mode) -> list[float]:
    """The temperatures that make the bundle's confidence honest on labelled clips, smoothed and weighed by `mode`."""
    from contextlib import closing

    from image_classification.CFC_SP.core.cascade_settings import calibration_table, log_shares
    from image_classification.CFC_SP.core.track_cascade import TrackCascade
    from image_classification.CFC_SP.inference.loaded_model import load_model
    from tools.footage.calibration import fit_calibration, labelled_rows
    from tools.footage.observed_clips import observe, rows_in_mode

    how = config.SP.NORMALIZER, config.CASCADE.NEGATIVE_SCOPE, log_shares(config.PRIOR.SHARES), calibration_table(None)
    cascade = TrackCascade(temperatures["coarse"], temperatures["negative"], *how)
    model = load_model(location)
    with closing(model.predictor):
        return list(fit_calibration(*labelled_rows(clips, lambda path: rows_in_mode(model, observe(model, path), mode, cascade))))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
