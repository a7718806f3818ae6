# SPDX-License-Identifier: Apache-2.0
"""The moving average of weights that is validated and shipped."""


class Ema:
    """Exponential moving average of named arrays (NumPy or Paddle), warming up so that early steps do not hold it at the start."""

    def __init__(self, weights: dict, decay: float):
        self.decay, self.steps, self.weights = decay, 0, dict(weights)

    def update(self, weights: dict) -> None:
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 9))
        for name, value in weights.items():
            self.weights[name] = self.weights[name] * decay + value * (1 - decay)
