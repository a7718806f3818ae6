# SPDX-License-Identifier: Apache-2.0
"""Where the five points of a face are to lie in its crop, and the turn that brings them there."""

import numpy as np

# How a face is cut out: the upright square on its box, or turned, scaled and moved so that its five points lie where those of TEMPLATE do.
ALIGNMENTS = ("none", "similarity")
# Where face recognition's networks have the eyes, the nose and the corners of the mouth, x and y in pixels counted from the middle of the
# first one, in pictures of 112 px: ArcFace's (Deng et al., CVPR 2019), to which FaceX-Zoo's training pictures were aligned.
TEMPLATE = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)])
TEMPLATE_SIDE = 112


def similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The turn, scale and shift, float64 [2, 3], that bring points [N, 2] nearest to targets [N, 2] by least squares.

    In the plane it is one complex factor and one complex shift. Raises ValueError for points that are not finite or lie on each other.
    """
    here, there = (np.asarray(places, np.float64) @ (1, 1j) for places in (points, targets))
    spread = here - here.mean()
    extent = np.vdot(spread, spread).real
    if not (np.isfinite(extent) and extent > 1e-6):
        raise ValueError(f"similarity: expected points apart from each other, found {np.asarray(points).tolist()}")
    factor = np.vdot(spread, there - there.mean()) / extent
    shift = there.mean() - factor * here.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])
