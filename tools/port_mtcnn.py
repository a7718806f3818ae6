# SPDX-License-Identifier: Apache-2.0
"""Converts the MTCNN weights of the PyPI package `mtcnn` 1.0.0 (MIT) to the safetensors file that the detector loads.

Usage: pip download --no-deps mtcnn==1.0.0; pip install joblib lz4; python tools/port_mtcnn.py mtcnn-1.0.0-py3-none-any.whl
The package's code is not run, only its three files of arrays are read. joblib unpickles them, so they are first compared with
the known SHA-256 sums.
"""

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
from safetensors.numpy import save

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from image_classification.CFC_SP.video import mtcnn

SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
# Side of the map that is flattened before the dense layer.
FLATTENED = 3


def convert(name: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """The package's arrays of one network, in its order (which is ours), by our names.

    Convolutions become [out, in, H, W], dense layers stay [in, out], PReLU slopes become [C]. Raises ValueError where the
    arrays are not those of the network.
    """
    weights = {}
    for (key, shape), array in zip(mtcnn.parameter_shapes(name).items(), arrays, strict=True):
        if array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif key == "dense.1.weight":
            # The package flattens a map as (W, H, C), for it was trained on transposed pictures; we flatten (C, H, W).
            array = array.reshape(FLATTENED, FLATTENED, -1, shape[1]).transpose(2, 1, 0, 3).reshape(array.shape)
        elif array.ndim == 3:
            array = array.reshape(-1)
        if array.shape != shape:
            raise ValueError(f"{name}.{key}: expected shape {shape}, found {array.shape}")
        weights[f"{name}.{key}"] = np.ascontiguousarray(array, np.float32)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    wheel = zipfile.ZipFile(parser.parse_args().wheel)
    weights, metadata = {}, {"source": "PyPI package mtcnn 1.0.0", "licence": "MIT, (c) 2019-2024 Iván de Paz Centeno"}
    for name in mtcnn.NAMES:
        path = f"mtcnn/assets/weights/{name}.lz4"
        data = wheel.read(path)
        digest = hashlib.sha256(data).hexdigest()
        if digest != SHA256[name]:
            sys.exit(f"Expected {path} of mtcnn 1.0.0 with SHA-256 {SHA256[name]}, found {digest}: download the wheel again from PyPI.")
        metadata[f"sha256:{path}"] = digest
        weights |= convert(name, joblib.load(io.BytesIO(data)))
    mtcnn.WEIGHTS.write_bytes(save(weights, metadata))
    print(f"{mtcnn.WEIGHTS}: {len(weights)} tensors, {mtcnn.WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
