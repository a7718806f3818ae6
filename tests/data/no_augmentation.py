# SPDX-License-Identifier: Apache-2.0
"""The keys of AUG that leave a picture as it is."""

OFF = {
    "ROTATION": 0.0,
    "ROTATION_PROB": 1.0,
    "CROP_AREA": [1.0, 1.0],
    "SCALE": 0.0,
    "SHIFT": 0.0,
    "FLIP": 0.0,
    "GREY": 0.0,
    "JITTER": 0.0,
    "JITTER_PROB": 1.0,
    "BLUR": 0.0,
    "BLUR_SIGMA": [0.5, 0.5],
    "LOW_RES": 0.0,
    "LOW_RES_SIDE": [0.5, 0.5],
    "NOISE": 0.0,
    "NOISE_SIGMA": [10.0, 10.0],
    "ERASING": 0.0,
    "ERASING_AREA": [0.1, 0.1],
}
