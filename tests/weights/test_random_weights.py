# SPDX-License-Identifier: Apache-2.0
import numpy as np
from paddle import nn

from image_classification.CFC_SP.weights.random_weights import randomise


def arrays_of(seed):
    model = nn.Sequential(nn.Conv2D(3, 16, 3), nn.BatchNorm2D(16))
    randomise(model, seed)
    return {name: value.numpy() for name, value in model.state_dict().items()}


def test_anybody_gets_the_same_weights_and_each_network_its_own():
    first, again, other = (arrays_of(seed) for seed in ("one", "one", "two"))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert (first[name] != other[name]).any()


def test_statistics_are_not_the_initial_ones_and_kernels_keep_the_scale():
    arrays = arrays_of("one")
    assert np.abs(arrays["1._variance"] - 1).max() > 0.2 and arrays["1._variance"].min() >= 0.5
    assert np.abs(arrays["1._mean"]).max() > 0.05
    np.testing.assert_allclose(arrays["0.weight"].std(), 27**-0.5, rtol=0.15)
