# SPDX-License-Identifier: Apache-2.0
"""The face detector of a bundle."""

from ..video.detector import FaceDetector
from ..video.mtcnn import WEIGHTS, load_mtcnn
from .bundle import Bundle, refusal


def make_detector(bundle: Bundle, min_face: float | None = None) -> FaceDetector:
    """MTCNN with the bundle's weights and thresholds; min_face: side in px of the smallest face to look for, None: the bundle's.

    Raises UserError for weights that are not MTCNN's.
    """
    settings = bundle.manifest["detector"]
    try:
        networks = load_mtcnn(bundle.tensors(WEIGHTS.stem))
    except ValueError as error:
        raise refusal(bundle.folder / WEIGHTS.name, str(error)) from error
    return FaceDetector(networks, min_face or settings["min_face"], tuple(settings["thresholds"]))
