# SPDX-License-Identifier: Apache-2.0
"""The sequence part of a bundle, logits -> expressions, in NumPy: it runs whatever engine is installed."""

import numpy as np

from ..core.cascade_settings import calibration_table, check_settings, log_shares
from ..core.labels import EXPR
from ..core.track_cascade import TrackCascade
from ..support.errors import UserError
from .bundle import MANIFEST, Bundle, refusal

_WEIGHTS = "sequence"


def sequence_of(bundle: Bundle) -> TrackCascade:
    """The cascade as the bundle sets it: temperatures, shares and calibration of its `sequence.safetensors`, the rest of its manifest.

    Raises UserError for settings that are missing or mean nothing.
    """
    tensors, manifest = bundle.tensors(_WEIGHTS), bundle.manifest
    stages = [tensors.get(f"temperatures_{stage}", np.zeros(0)) for stage in ("coarse", "negative")]
    # Bundles of schema 2 know neither.
    calibration = tensors.get("calibration", calibration_table(None))
    shares = tensors.get("log_shares", log_shares(None))
    shapes = [stage.shape[1:] for stage in stages] + [calibration.shape, shares.shape]
    path = bundle.folder / f"{_WEIGHTS}.safetensors"
    if shapes != [(2,), (2,), calibration_table(None).shape, (len(EXPR),)] or not np.isfinite(shares).all():
        raise refusal(path, "it holds no settings of a cascade")
    networks = [network.get("stage") for network in manifest["networks"]]
    if [len(stage) for stage in stages] != [networks.count(stage) for stage in ("coarse", "negative")]:
        raise refusal(path, "its temperatures are not those of the networks that the manifest lists")
    how = manifest["sp"]["normalizer"], manifest["cascade"]["negative_scope"]
    try:
        check_settings(*(stage.tolist() for stage in stages), *how, calibration)
    except UserError as error:
        raise refusal(bundle.folder / MANIFEST, str(error)) from error
    return TrackCascade(*stages, *how, shares, calibration)
