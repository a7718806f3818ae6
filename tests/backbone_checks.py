"""What holds for every backbone, whatever its family."""

import numpy as np
import paddle


def check_gradients(model, pictures) -> None:
    """Every parameter receives a gradient that is not zero, from a batch of four."""
    model.train()
    paddle.nn.functional.cross_entropy(model(pictures), paddle.to_tensor(np.arange(4))).backward()
    untouched = [name for name, p in model.named_parameters() if p.trainable and (p.grad is None or not np.abs(p.grad.numpy()).max() > 0)]
    assert untouched == []


def check_batches(model, pictures) -> None:
    """A picture's output does not depend on those beside it, and pictures differ in theirs."""
    model.eval()
    with paddle.no_grad():
        alone = np.concatenate([model(pictures[i : i + 1]).numpy() for i in range(len(pictures))])
        np.testing.assert_allclose(model(pictures).numpy(), alone, atol=1e-5 * np.abs(alone).max())
    assert np.ptp(alone, axis=0).max() > 1e-3


def check_reset_classifier(model, pictures) -> None:
    """A fresh classifier leaves the trunk alone; none gives the features."""
    model.eval()
    with paddle.no_grad():
        before = model.forward_features(pictures).numpy()
        model.reset_classifier(3)
        np.testing.assert_array_equal(model.forward_features(pictures).numpy(), before)
        assert model(pictures).shape == [4, 3]
        assert model.head.weight.shape == [model.num_features, 3]
        assert abs(float(model.head.weight.std()) - 0.01) < 0.003
        assert not model.head.bias.numpy().any()
        model.reset_classifier(0)
        assert model(pictures).shape == [4, model.num_features]
