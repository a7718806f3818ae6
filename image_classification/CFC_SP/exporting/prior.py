# SPDX-License-Identifier: Apache-2.0
"""The prior of the training data, which a bundle can take out of its probabilities."""

from ..data.datasets import class_shares


def with_shares(config, dataset: str, root: str):
    """The config with the class shares of the training split at `root`, without which a bundle cannot take the prior out.

    Unchanged where it states shares itself, and where a class has no training picture.
    """
    if config.PRIOR.SHARES or not all(shares := class_shares(dataset, root)):
        return config
    config = config.clone()
    config.defrost()
    config.PRIOR.SHARES = shares
    config.freeze()
    return config
