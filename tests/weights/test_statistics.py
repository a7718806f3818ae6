# SPDX-License-Identifier: Apache-2.0
import numpy as np
import paddle
from paddle import nn

from image_classification.CFC_SP.weights.statistics import restore_statistics
from image_classification.layers import ConvBN, EmbeddingHead


class Small(nn.Layer):
    """Crops uint8 [N, S, S, 3] -> six numbers, through three normalisations whose own statistics say nothing of pictures: of maps, and of
    an embedding, as the face networks end."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.embedding = ConvBN(3, 4, 3), ConvBN(4, 2, 3), EmbeddingHead(2, 64, 6, norm=False)

    @property
    def norms(self):
        return self.first.bn, self.second.bn, self.embedding.bn

    def forward(self, crops):
        maps = self.second(nn.functional.relu(self.first(crops.astype("float32").transpose([0, 3, 1, 2]) / 255)))
        return self.embedding(maps)


def test_statistics_become_those_of_the_pictures_and_the_outputs_stay():
    paddle.seed(0)
    model, rng = Small(), np.random.default_rng(0)
    for norm in model.norms:
        norm.weight.set_value(rng.uniform(0.5, 2, norm.weight.shape).astype(np.float32))
        norm._mean.set_value(rng.normal(0, 1, norm._mean.shape).astype(np.float32))
    batches = rng.integers(0, 256, (3, 4, 8, 8, 3), dtype=np.uint8)
    crops = paddle.to_tensor(batches.reshape(12, 8, 8, 3))
    model.eval()
    before = model(crops).numpy()
    restore_statistics(model, batches)
    np.testing.assert_allclose(model(crops).numpy(), before, atol=1e-4)
    for norm in model.norms:
        seen = []
        hook = norm.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].numpy()))
        model(crops)
        hook.remove()
        axes = (0, 2, 3)[: seen[0].ndim - 1]
        np.testing.assert_allclose(norm._mean.numpy(), seen[0].mean(axes), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(norm._variance.numpy(), seen[0].var(axes), rtol=1e-3, atol=1e-6)
