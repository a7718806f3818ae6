# SPDX-License-Identifier: Apache-2.0
"""The network that a config describes."""

from ...backbones import build_backbone
from ..core.labels import STAGES
from ..core.preprocess import ExpressionNet, Preprocess
from ..support.errors import UserError


def build_model(config) -> ExpressionNet:
    """The backbone of `config.MODEL` for the classes of `config.STAGE`, its preprocessing in front; freshly initialised.

    Raises UserError for a MODEL.FROZEN that is not its first parts.
    """
    model = config.MODEL
    keywords = {"in_channels": model.IN_CHANNELS, "input_size": model.INPUT_SIZE, "dropout": model.DROPOUT}
    if model.DROP_PATH:
        keywords["drop_path"] = model.DROP_PATH
    backbone = build_backbone(model.NAME, num_classes=len(STAGES[config.STAGE]), **keywords)
    network = ExpressionNet(Preprocess(config.DATA.CROP_SIZE, model.INPUT_SIZE, model.IN_CHANNELS, model.NORMALIZE), backbone)
    try:
        network.freeze(model.FROZEN)
    except (KeyError, ValueError) as error:
        known = ", ".join(name for name, _ in backbone.named_children())
        raise UserError(
            f"MODEL.FROZEN: expected the first parts of {model.NAME}, in their order {known} or parts of these, found {model.FROZEN}"
        ) from error
    return network
