# SPDX-License-Identifier: Apache-2.0
import numpy as np

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.exporting.prior import with_shares


def test_a_calibrated_bundle_knows_the_shares_of_its_training_data(write_ferplus, tmp_path):
    """Three pictures in four are happy; without a picture of every class nothing is known, and what a config states stays."""
    picture = np.zeros((48, 48), np.uint8)
    happy, few = ([0] * 10, [[10 * (place == number) for place in range(10)] for number in (0, 1, 2, 3, 4, 5, 6, 7)])
    happy[1] = 10
    rows = [("Training", f"fer{number:07}.png", votes, picture) for number, votes in enumerate([*few, *[happy] * 24])]
    config = load_config("configs/lite/lite_repvgg_flat.yaml")
    whole = with_shares(config, "ferplus", str(write_ferplus(tmp_path / "whole", rows)))
    assert whole.PRIOR.SHARES == [0.0312, 0.0312, 0.0312, 0.0312, 0.7812, 0.0312, 0.0312, 0.0312] and not config.PRIOR.SHARES
    assert with_shares(config, "ferplus", str(write_ferplus(tmp_path / "part", rows[1:]))) is config
    assert with_shares(whole, "ferplus", "nowhere") is whole
