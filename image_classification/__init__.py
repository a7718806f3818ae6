# SPDX-License-Identifier: Apache-2.0
"""Image classification on PaddlePaddle: backbones, and the CFC-SP facial expression system built from them."""
