# SPDX-License-Identifier: Apache-2.0
"""The two programs by which faces are recognised, on one device: `frame`, crops -> logits, and `sequence`, logits -> expressions."""

from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

import numpy as np

from ..support.malloc import keep_freed_memory
from .bundle import Bundle
from .engines import network_program
from .sequence import sequence_of

Outputs = tuple[np.ndarray, ...]
PROGRAMS = ("frame", "sequence")


class BundlePrograms:
    """Both programs of a bundle in this process; not thread-safe. `frame` is run by an engine, `sequence` by NumPy.

    `frame`: uint8 crops [N, S, S, 3] -> the coarse logits [M, N, 5] and the negative ones [K, N, 4] of its M and K networks.
    `sequence`: logits [M, T, 5] and [K, T, 4], valid [T], window [1], the inputs of a Mode -> labels [T], coarse and raw ones,
    probabilities [T, 8] and raw ones.
    Raises UserError as `network_program` and `sequence_of` do.
    """

    def __init__(self, bundle: Bundle, device: str = "auto", engine: str = "auto", precision: str = "auto"):
        keep_freed_memory()
        self._frame = network_program(bundle, "frame", device, engine, precision)
        self._programs = {"frame": self._frame, "sequence": sequence_of(bundle)}

    @property
    def status(self) -> dict:
        """device, engine (what really runs the networks) and fell_back (whether oneDNN gave up on them, so that they run without it)."""
        return {"device": self._frame.device, "engine": self._frame.engine, "fell_back": self._frame.fell_back}

    def run(self, name: str, *arrays: np.ndarray) -> Outputs:
        """The outputs of the program `name`, one of PROGRAMS."""
        return self._programs[name](*arrays)


class LocalPredictor:
    """`BundlePrograms` on a thread of this process, which alone touches them: any thread may begin runs and wait for them.

    For platforms on which no process can take over pipes, and for programs that use Paddle themselves; elsewhere `WorkerPredictor`
    leaves this process free of Paddle.
    """

    def __init__(self, bundle: Bundle, device: str = "auto", engine: str = "auto", precision: str = "auto"):
        self._thread = ThreadPoolExecutor(1, "predictor")
        try:
            self._programs = self._thread.submit(BundlePrograms, bundle, device, engine, precision).result()
        except BaseException:
            self.close()
            raise

    def revive(self) -> None:
        """Nothing that could have ended runs here."""

    def status(self) -> dict:
        """As `BundlePrograms.status`."""
        return self._programs.status

    def begin(self, name: str, *arrays: np.ndarray) -> "_LocalRun":
        """Begins a run of the program `name`; runs are done one after another."""
        return _LocalRun(self._thread.submit(_timed, self._programs.run, name, *arrays))

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown()


class _LocalRun:
    """seconds: how long the run took, once `result` has returned."""

    def __init__(self, future: Future):
        self._future, self.seconds = future, 0.0

    def result(self) -> Outputs:
        outputs, self.seconds = self._future.result()
        return outputs


def _timed(function, *arguments) -> tuple[Outputs, float]:
    begin = perf_counter()
    outputs = function(*arguments)
    return outputs, perf_counter() - begin
