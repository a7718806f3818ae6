# SPDX-License-Identifier: Apache-2.0
"""Turns a foreign checkpoint into one of ours.

cfc-sp port -cfg configs/swin_s_coarse.yaml -weights model.pth -out swin_s_coarse.safetensors
cfc-sp port -cfg configs/swin_s_coarse.yaml -weights output/swin_s_coarse/best.safetensors -out swin_s_coarse.pdparams

Reads .pt, .pth, .pdparams and .safetensors files of timm, PaddleClas, FaceX-Zoo and the networks' authors. No code in them is run. The
command recognises the origin by the tensors' names and prints what became of every tensor. MODEL.PRETRAINED takes the result, and the
foreign file as well.
A .pdparams output holds only the backbone's tensors, for paddle.load. A .safetensors output also names its config, and `cfc-sp export`
takes it.
"""

from pathlib import Path

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.option("cfg", required=True, metavar="YAML", help="config of the network, such as configs/swin_s_coarse.yaml")
    parser.option("weights", required=True, metavar="FILE", help="the foreign file")
    parser.option("out", required=True, metavar="FILE", help="the .safetensors or .pdparams file to write")
    parser.option("all", action="store_true", help="list every tensor, not the first five of a kind")
    parser.option("opts", nargs="+", default=[], metavar="KEY VALUE", help="config keys to override, in pairs")


def run(arguments) -> None:
    from ..config import load_config
    from ..support.errors import UserError
    from ..support.files import git_sha, sha256_of
    from ..weights.checkpoint import OTHER_CLASSES, load_pretrained, save_checkpoint, save_pdparams
    from ..weights.model import build_model

    ending = Path(arguments.out).suffix
    if ending not in (".safetensors", ".pdparams"):
        raise UserError(f"-out: expected a name that ends in .safetensors or .pdparams, found {arguments.out!r}")
    config = load_config(arguments.cfg, arguments.opts)
    model = build_model(config)
    report = load_pretrained(model, arguments.weights)
    print("\n".join(report.lines(arguments.all)))
    if ending == ".pdparams":
        save_pdparams(arguments.out, model.backbone)
        print(f"wrote {arguments.out}")
        return
    note = {"config": config.dump(), "git_sha": git_sha(), "origin": report.origin, "source_sha256": sha256_of(arguments.weights)}
    # Without the scores that a training run would have noted; a classifier that stayed as initialised makes no bundle.
    if not report.missing and OTHER_CLASSES not in report.left_out.values():
        note["validation"] = None
    save_checkpoint(arguments.out, {name: value.numpy() for name, value in model.state_dict().items()}, note)
    print(f"wrote {arguments.out}")
