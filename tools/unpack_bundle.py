"""Turns the networks of a bundle back into runs, to score, distil or train on from them.

python tools/unpack_bundle.py -bundle lite -out output
python tools/unpack_bundle.py -bundle lite-fast -out output -data ferplus.zip

Writes output/<config>/best.safetensors for each network that was trained here. A fused RepVGG gets branches again that compute the
same; to train on from it, or to average it, give the data set too, for the statistics that fusing folded away. Weights are as exact as
the bundle's, which stores half precision.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives one folder a network")
    parser.option("data", metavar="PATH", help="the data set of the training, to make a fused network fit to be trained on")


def run(arguments) -> None:
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.support.errors import UserError

    bundle = open_bundle(arguments.bundle)
    trained = {network["training"]["config"]: network for network in bundle.manifest["networks"] if network["origin"] == "trained"}
    if not trained:
        raise UserError(f"{arguments.bundle}: expected networks that were trained here, found none")
    if there := [name for name in trained if (arguments.out / name).exists()]:
        raise UserError(f"{arguments.out / there[0]} is there: choose another -out, or remove it")
    for name, network in trained.items():
        print(unpack(bundle, network, arguments.out / name, arguments.data))


def unpack(bundle, network: dict, folder: Path, root: str | None = None) -> Path:
    """Writes the checkpoint of a network of the manifest to `folder` and returns it.

    root: the place of its data set; where it is given, a network that was fused gets statistics of training pictures. Raises
    UserError for weights that do not fit and for bad data.
    """
    import paddle

    from image_classification.CFC_SP.config import config_of_run, load_config
    from image_classification.CFC_SP.core.labels import STAGES
    from image_classification.CFC_SP.data.datasets import load_split
    from image_classification.CFC_SP.exporting.members import CHANGES
    from image_classification.CFC_SP.training.averaging import statistics_batches
    from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, load_pretrained, save_checkpoint
    from image_classification.CFC_SP.weights.model import build_model
    from tools.weights.statistics import restore_statistics

    training = network["training"]
    config = load_config(config_of_run(training["config"]), ["SEED", str(training["seed"]), "DATA.ROOT", root or ""])
    # The branches that fusing took away begin at random, but always at the same numbers.
    paddle.seed(config.SEED)
    model = build_model(config)
    weights, _ = load_checkpoint(bundle.folder / network["weights"])
    if hasattr(model.backbone, "unfused"):
        weights = model.backbone.unfused(weights, "backbone.")
        if root:
            model.set_state_dict(weights)
            restore_statistics(model, (crops for crops, _ in statistics_batches(config, load_split(config, "train"))))
            weights = {name: value.numpy() for name, value in model.state_dict().items()}
    path = folder / "best.safetensors"
    folder.mkdir(parents=True)
    note = {"config": config.dump(), "validation": network["validation"], "classes": list(STAGES[config.STAGE])}
    save_checkpoint(path, weights, note | {key: training[key] for key in ("git_sha", *CHANGES) if key in training})
    load_pretrained(model, path)
    return path


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
