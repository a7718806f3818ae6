# SPDX-License-Identifier: Apache-2.0
"""In what the configs of two parts of a run differ."""


def config_differences(theirs, ours) -> dict[str, tuple]:
    """Both values of every key in which two configs differ, by its full name; the places of files may differ, as files may move."""
    return _differences(_without_places(theirs), _without_places(ours))


def _without_places(config):
    tree = config.clone()
    tree.defrost()
    tree.OUTPUT = tree.DATA.ROOT = tree.MODEL.PRETRAINED = ""
    tree.TRAIN.TEACHERS = []
    return tree


def _differences(theirs: dict, ours: dict, prefix: str = "") -> dict[str, tuple]:
    found = {}
    for key in theirs:
        name = f"{prefix}{key}"
        if isinstance(theirs[key], dict):
            found |= _differences(theirs[key], ours[key], f"{name}.")
        elif theirs[key] != ours[key]:
            found[name] = theirs[key], ours[key]
    return found
