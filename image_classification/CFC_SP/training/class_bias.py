# SPDX-License-Identifier: Apache-2.0
"""A trained network's classes put in proportion (Alexandari, Kundaje & Shrikumar, "Maximum Likelihood with Bias-Corrected Calibration
is Hard-To-Beat at Label Shift Adaptation", ICML 2020).

Votes as targets and pictures of rare classes shown more often leave a network with other proportions than the classes have.
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from ..core.labels import STAGES
from ..core.metrics import score
from ..data.datasets import load_split
from ..data.loader import plain_batches
from ..support.errors import UserError
from ..support.files import make_folder, sha256_of
from ..weights.checkpoint import load_checkpoint, save_checkpoint
from ..weights.trained import load_trained
from .compiled import BATCH, compile_network

# Between these a network's temperature is looked for; that of one which knows nothing has no end.
TEMPERATURES = 0.1, 10.0
# Of the squares of the biases, which keeps those of rare classes small.
PENALTY = 1e-3


def fit_class_bias(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """What to add to the logits [N, C], float32 [C] with mean 0, for the classes `truth`, int [N], to be likeliest at the best temperature.

    A temperature of its own is fitted beside it, so that a network which is too sure of itself does not bend the biases.
    """
    rows = np.arange(len(truth))

    def loss(parameters):
        temperature, biases = np.exp(parameters[0]), parameters[1:] - parameters[1:].mean()
        shares = log_softmax(logits / temperature + biases, axis=1)
        surplus = np.exp(shares)
        surplus[rows, truth] -= 1
        of_biases = surplus.mean(0) + 2 * PENALTY * biases
        gradient = [-(surplus * logits).sum() / temperature / len(truth), *(of_biases - of_biases.mean())]
        return PENALTY * (biases**2).sum() - shares[rows, truth].mean(), np.array(gradient)

    bounds = [np.log(TEMPERATURES), *[(None, None)] * logits.shape[1]]
    found = minimize(loss, np.zeros(1 + logits.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return (np.exp(found[0]) * (found[1:] - found[1:].mean())).astype(np.float32)


def shift_classes(path: str | Path, root: str, device: str, out: Path) -> dict[str, float]:
    """Writes to `out` the network at `path` with the bias that the validation split at `root` asks for added to its classifier's, as a
    best.safetensors, and returns its scores.

    The note's `class_bias` says what was added to each class and to which weights. Raises UserError as `load_trained` and the data set do,
    and for a network that was shifted before.
    """
    trained = load_trained(path, *STAGES)
    if "class_bias" in trained.note:
        raise UserError(
            f"{path}: expected a network as it was trained, found one with a class_bias: shift the network from which it was made"
        )
    config, network = trained.config.clone(), compile_network(trained.model, device)
    config.defrost()
    config.DATA.ROOT = root
    data = load_split(config, "val")
    logits = np.concatenate([network(crops) for crops in plain_batches(data, config.DATA.CROP_SIZE, BATCH, range(len(data)))])
    logits, truth = logits[data.whole()], data.labels[data.whole()]
    bias = fit_class_bias(logits.astype(np.float64), truth)
    scores = score(truth, (logits + bias).argmax(1), len(data.names))
    validation = scores.as_validation()
    # From the file: `compile_network` has fused the layers.
    weights, _ = load_checkpoint(path)
    weights["backbone.head.bias"] = weights["backbone.head.bias"] + bias
    added = {"sha256": sha256_of(path), **{name: round(float(value), 3) for name, value in zip(data.names, bias, strict=True)}}
    make_folder(out.parent)
    save_checkpoint(out, weights, trained.note | {"validation": validation, "class_bias": added})
    return validation
