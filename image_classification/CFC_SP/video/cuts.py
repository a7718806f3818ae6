"""Hard cuts between shots."""

import cv2
import numpy as np

# Measured: cuts change the standardised thumbnail by 0.6 to 1.1, cars that rush past by up to 0.46, a moving face by under 0.1.
CUT_CHANGE = 0.55
THUMBNAIL = 48, 27
# Pixels that are enough for a thumbnail; reading them all would cost as much as the decoding.
SAMPLES = 192, 108
# Keeps the noise of an almost even frame (black, fog) from being blown up to a picture.
LEAST_CONTRAST = 8.0


class CutDetector:
    """Tells hard cuts by how much a standardised thumbnail changes; fades and dissolves are none."""

    def __init__(self):
        self._last = None

    def is_cut(self, image: np.ndarray) -> bool:
        """Whether this frame (HWC RGB uint8) begins a new shot; frames must come in order. The first one does not."""
        if image.shape[1] > SAMPLES[0] and image.shape[0] > SAMPLES[1]:
            image = cv2.resize(image, SAMPLES, interpolation=cv2.INTER_NEAREST)
        thumbnail = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        # Standardised, so that a lamp switched on or a change of exposure is no cut.
        thumbnail = (thumbnail - thumbnail.mean(axis=(0, 1))) / (thumbnail.std() + LEAST_CONTRAST)
        cut = self._last is not None and bool(np.abs(thumbnail - self._last).mean() > CUT_CHANGE)
        self._last = thumbnail
        return cut
