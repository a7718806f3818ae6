"""Image classification on PaddlePaddle: backbones, and the CFC-SP facial expression system built from them."""
