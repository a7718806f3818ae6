"""Turns a foreign checkpoint into one of ours: `python tools/port_weights.py -model swin_s -weights model.pth -out swin_s.safetensors`.

Reads .pt, .pth, .pdparams (no code in them is run) and .safetensors of timm, PaddleClas, FaceX-Zoo and the networks' authors, finds
out whose names they have, and prints what became of every tensor. MODEL.PRETRAINED takes the result, and the foreign file as well.
"""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.entry import Parser, run_script


def add_options(parser: Parser) -> None:
    from image_classification.backbones import BACKBONES

    parser.option("model", required=True, choices=sorted(BACKBONES), metavar="NAME", help=f"one of {', '.join(BACKBONES)}")
    parser.option("weights", required=True, help="the foreign file")
    parser.option("out", required=True, help="the .safetensors file to write")
    parser.option("in_channels", type=int, default=3, help="channels of the first convolution: 3 (RGB) or 1 (grey)")
    parser.option("input_size", type=int, help="side of the input in px, where the head or the windows depend on it")
    parser.option("all", action="store_true", help="list every tensor, not the first five of a kind")


def run(arguments) -> int:
    from image_classification.backbones import build_backbone
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.files import sha256_of
    from image_classification.CFC_SP.training.checkpoint import load_pretrained, save_checkpoint, translate

    if Path(arguments.out).suffix != ".safetensors":
        raise UserError(f"-out: expected a name that ends in .safetensors, found {arguments.out!r}")
    size = {"input_size": arguments.input_size} if arguments.input_size else {}
    backbone = build_backbone(arguments.model, num_classes=0, in_channels=arguments.in_channels, **size)
    classifier = translate(backbone, arguments.weights).tensors.get("head.weight")
    if classifier is not None and classifier.ndim == 2:
        backbone.reset_classifier(classifier.shape[1])
    report = load_pretrained(backbone, arguments.weights)
    print(table(report, arguments.all))
    note = {"model": arguments.model, "origin": report.origin, "source_sha256": sha256_of(arguments.weights)}
    save_checkpoint(arguments.out, {name: value.numpy() for name, value in backbone.state_dict().items()}, note)
    print(f"wrote {arguments.out}")
    return 0


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
