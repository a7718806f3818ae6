"""A trained network as a static program, straight from its checkpoint."""

import tempfile
from pathlib import Path

import numpy as np
import paddle

from ..inference.program import Program
from ..training.model import load_trained

# Crops a run: one shape alone, as oneDNN keeps memory for every one that it meets.
BATCH = 32


class Network:
    """The network of a best.safetensors on one device; called with crops uint8 [BATCH, S, S, 3], it returns logits float32 [BATCH, C].

    config: what it was trained with; S is its DATA.CROP_SIZE. Raises UserError as `load_trained` does.
    """

    def __init__(self, path: str | Path, stage: str, device: str):
        model, self.config, _ = load_trained(path, stage)
        if hasattr(model.backbone, "fuse"):
            model.backbone.fuse()
        self._program = Program(_Exported(model, self.config.DATA.CROP_SIZE), stage, device)

    @property
    def engine(self) -> str:
        """What really runs: "onednn", "cpu" or "gpu"."""
        return self._program.engine

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        return self._program(crops)[0]


class _Exported:
    """A layer in the shape in which a bundle holds its programs."""

    def __init__(self, layer: paddle.nn.Layer, crop_size: int):
        self._arrays = {}
        for name, value in layer.state_dict().items():
            value.name = name
            self._arrays[name] = value.numpy()
        spec = [paddle.static.InputSpec([None, crop_size, crop_size, 3], "uint8", "crops")]
        with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
            paddle.jit.save(layer, str(Path(folder, "network")), input_spec=spec)
            self._structure = Path(folder, "network.json").read_bytes()

    def program(self, _: str) -> bytes:
        return self._structure

    def parameters(self, names: list[str]) -> dict[str, np.ndarray]:
        return {name: self._arrays[name] for name in names}
