# SPDX-License-Identifier: Apache-2.0
import inspect

import pytest

from image_classification.backbones import BACKBONES, build_backbone, family_of
from image_classification.layers import Backbone


@pytest.mark.parametrize("name", BACKBONES)
def test_a_builder_bears_its_name_and_builds_its_family(name):
    assert issubclass(family_of(name), Backbone) and BACKBONES[name].build.__name__ == name
    assert {"num_classes", "in_channels", "input_size", "dropout"} <= _taken(BACKBONES[name].build)


def _taken(build) -> set[str]:
    """The keywords of a builder; one that hands its own on takes its family's."""
    parameters = inspect.signature(build).parameters
    known = {name for name, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD}
    return known | set(inspect.signature(family_of(build.__name__)).parameters) if len(known) < len(parameters) else known


@pytest.mark.parametrize("name", ["repvgg_lite", "swin_lite", "iresnet_lite", "hrnet_lite", "mobilenet_face"])
def test_what_is_built_is_of_the_family_it_is_registered_with(name):
    model = build_backbone(name, 5, in_channels=1, input_size=48)
    assert type(model) is family_of(name) and model.head.weight.shape[1] == 5


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown backbone 'resnet': expected one of swin_t, "):
        build_backbone("resnet", 5)
