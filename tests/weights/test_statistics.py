import numpy as np
import paddle
from paddle import nn

from image_classification.CFC_SP.weights.statistics import restore_statistics
from image_classification.layers import ConvBN


class Small(nn.Layer):
    """Crops uint8 [N, S, S, 3] -> maps, through two normalisations whose own statistics say nothing of pictures."""

    def __init__(self):
        super().__init__()
        self.first, self.second = ConvBN(3, 4, 3), ConvBN(4, 2, 3)

    def forward(self, crops):
        return self.second(nn.functional.relu(self.first(crops.astype("float32").transpose([0, 3, 1, 2]) / 255)))


def test_statistics_become_those_of_the_pictures_and_the_outputs_stay():
    paddle.seed(0)
    model, rng = Small(), np.random.default_rng(0)
    for norm in (model.first.bn, model.second.bn):
        norm.weight.set_value(rng.uniform(0.5, 2, norm.weight.shape).astype(np.float32))
        norm._mean.set_value(rng.normal(0, 1, norm._mean.shape).astype(np.float32))
    batches = rng.integers(0, 256, (3, 4, 8, 8, 3), dtype=np.uint8)
    crops = paddle.to_tensor(batches.reshape(12, 8, 8, 3))
    model.eval()
    before = model(crops).numpy()
    restore_statistics(model, batches)
    np.testing.assert_allclose(model(crops).numpy(), before, atol=1e-4)
    for layer in (model.first, model.second):
        seen = []
        hook = layer.bn.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].numpy()))
        model(crops)
        hook.remove()
        np.testing.assert_allclose(layer.bn._mean.numpy(), seen[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(layer.bn._variance.numpy(), seen[0].var((0, 2, 3)), rtol=1e-3, atol=1e-6)
