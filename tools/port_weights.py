"""Turns a foreign checkpoint into one of ours.

python tools/port_weights.py -cfg configs/swin_s_coarse.yaml -weights model.pth -out swin_s_coarse.safetensors

Reads .pt, .pth, .pdparams (no code in them is run) and .safetensors of timm, PaddleClas, FaceX-Zoo and the networks' authors, finds
out whose names they have, and prints what became of every tensor. MODEL.PRETRAINED takes the result, and the foreign file as well.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script


def add_options(parser: Parser) -> None:
    parser.option("cfg", required=True, metavar="YAML", help="config of the network it becomes, such as configs/swin_s_coarse.yaml")
    parser.option("weights", required=True, metavar="PATH", help="the foreign file")
    parser.option("out", required=True, metavar="PATH", help="the .safetensors file to write")
    parser.option("all", action="store_true", help="list every tensor, not the first five of a kind")
    parser.option("opts", nargs="+", default=[], metavar="KEY VALUE", help="config keys to override, in pairs")


def run(arguments) -> None:
    from image_classification.CFC_SP.config import load_config
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.support.files import git_sha, sha256_of
    from image_classification.CFC_SP.weights.checkpoint import OTHER_CLASSES, load_pretrained, save_checkpoint
    from image_classification.CFC_SP.weights.model import build_model

    if Path(arguments.out).suffix != ".safetensors":
        raise UserError(f"-out: expected a name that ends in .safetensors, found {arguments.out!r}")
    config = load_config(arguments.cfg, arguments.opts)
    model = build_model(config)
    report = load_pretrained(model, arguments.weights)
    print(table(report, arguments.all))
    note = {"config": config.dump(), "git_sha": git_sha(), "origin": report.origin, "source_sha256": sha256_of(arguments.weights)}
    # Without the scores that a training run would have noted; a classifier that stayed as initialised makes no bundle.
    if not report.missing and OTHER_CLASSES not in report.left_out.values():
        note["validation"] = None
    save_checkpoint(arguments.out, {name: value.numpy() for name, value in model.state_dict().items()}, note)
    print(f"wrote {arguments.out}")


def table(report, everything: bool = False) -> str:
    """The report as lines of text, one group for each thing that can become of a tensor."""
    groups = {
        "used": list(report.used),
        "renamed": [f"{theirs} -> {ours}" for theirs, ours in report.renamed.items()],
        "left out": [f"{name} ({reason})" for name, reason in report.left_out.items()],
        "missing": [f"{name} (stays as initialised)" for name in report.missing],
    }
    lines = [f"tensor names of: {report.origin}"]
    for kind, entries in groups.items():
        lines.append(f"{kind}: {len(entries)}")
        shown = entries if everything else entries[:5]
        lines += [f"  {entry}" for entry in shown]
        if len(shown) < len(entries):
            lines.append(f"  ... and {len(entries) - len(shown)} more (-all lists them)")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
