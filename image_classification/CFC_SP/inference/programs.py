"""The two programs by which clips are recognised, on one device: `frame`, crops -> logits, and `sequence`, logits -> expressions."""

from collections.abc import Callable

import numpy as np

from ..support.device import select_device
from .bundle import Bundle
from .engines import network_program
from .program import Program

Outputs = tuple[np.ndarray, ...]


class Programs:
    """Both programs of a bundle in this process. device: the one chosen, "cpu" or "gpu".

    Raises UserError as `select_device` and `network_program` do.
    """

    apart = False

    def __init__(self, bundle: Bundle, device: str = "auto", engine: str = "paddle", precision: str = "auto"):
        self.device = select_device(device)
        self._frame = network_program(bundle, "frame", self.device, engine, precision)
        # Small arrays of ever-changing length: nothing for oneDNN to gain.
        self._sequence = Program(bundle, "sequence", self.device, onednn=False)

    def close(self) -> None:
        """Nothing to end here."""

    @property
    def engine(self) -> str:
        """What really runs the networks."""
        return self._frame.engine

    @property
    def fell_back(self) -> bool:
        """Whether oneDNN gave up on the networks, which run without it since."""
        return self._frame.fell_back

    def frame(self, crops: np.ndarray) -> Outputs:
        """uint8 crops [N, S, S, 3] -> the coarse logits [M, N, 5] and the negative ones [K, N, 4] of its M and K networks."""
        return self._frame(crops)

    def begin_frame(self, crops: np.ndarray) -> Callable[[], Outputs]:
        """A function that gives what `frame` gives; here all is done at once."""
        outputs = self.frame(crops)
        return lambda: outputs

    def sequence(self, *arrays: np.ndarray) -> Outputs:
        """Logits [M, T, 5] and [K, T, 4], valid [T], window [1] -> labels [T], coarse and raw ones, probabilities [T, 8] and raw ones."""
        return self._sequence(*arrays)
