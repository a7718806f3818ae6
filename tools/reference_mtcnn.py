# SPDX-License-Identifier: Apache-2.0
"""Writes tests/video/reference_mtcnn_astronaut.json: what facenet-pytorch's MTCNN finds on scikit-image's portrait `astronaut`.

It needs PyTorch, so it runs in an environment of its own, apart from Paddle:
    python -m venv reference-env
    reference-env/bin/pip install torch==2.13.0 numpy opencv-python-headless pillow requests tqdm scikit-image==0.26.0
    reference-env/bin/pip install --no-deps facenet-pytorch==2.6.0 torchvision==0.28.0
    reference-env/bin/python tools/reference_mtcnn.py
Its three networks are also run alone, on the picture's own pixels picked without any resizing, so that a test can tell a wrong
weight from another way of resizing.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from skimage import data

TARGET = Path(__file__).resolve().parents[1] / "tests" / "video" / "reference_mtcnn_astronaut.json"
MIN_FACE, THRESHOLDS = 40, (0.6, 0.7, 0.7)
# Squares of the picture: where they begin (y, x), every how many pixels one is taken, and the side of the result.
PATCHES = {"pnet": (60, 180, 5, 20), "rnet": (60, 170, 5, 24), "onet": (40, 160, 3, 48)}


def declare_torchvision_operators() -> torch.library.Library:
    """The names that torchvision's import asks for: its compiled operators may not fit PyTorch's build, and none is run."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, int sampling_ratio, "
        "bool aligned) -> Tensor"
    )
    sys.modules["torchvision._meta_registrations"] = type(sys)("torchvision._meta_registrations")
    return library


def suppress(boxes: torch.Tensor, scores: torch.Tensor, indices: torch.Tensor, threshold: float) -> torch.Tensor:
    """Greedy non-maximum suppression of one picture's boxes [N, 4]; the indices kept, by falling score."""
    kept, order = [], scores.argsort(descending=True).tolist()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while order:
        best = order.pop(0)
        kept.append(best)
        low, high = torch.maximum(boxes[order, :2], boxes[best, :2]), torch.minimum(boxes[order, 2:], boxes[best, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        overlap = shared / (areas[order] + areas[best] - shared)
        order = [i for i, value in zip(order, overlap.tolist(), strict=True) if value <= threshold]
    return torch.tensor(kept, dtype=torch.long)


def main() -> None:
    library = declare_torchvision_operators()
    from facenet_pytorch import MTCNN
    from facenet_pytorch.models.utils import detect_face

    detect_face.batched_nms = suppress
    picture = data.astronaut()
    detector = MTCNN(keep_all=True, min_face_size=MIN_FACE, thresholds=list(THRESHOLDS), device="cpu")
    with torch.no_grad():
        boxes, scores, landmarks = detector.detect(picture, landmarks=True)
        networks = {}
        for name, (y, x, step, side) in PATCHES.items():
            patch = picture[y : y + step * side : step, x : x + step * side : step]
            tensor = (torch.tensor(patch.astype(np.float32)).permute(2, 0, 1)[None] - 127.5) / 128
            outputs = [output[0].numpy().astype(np.float64) for output in getattr(detector, name)(tensor)]
            networks[name] = {
                "patch": [y, x, step, side],
                "regression": outputs[0].ravel().round(6).tolist(),
                "score": outputs[-1][1].ravel().round(6).tolist(),
            }
            if name == "onet":
                networks[name]["landmarks"] = outputs[1].ravel().round(6).tolist()
    versions = ", ".join(f"{name} {version(name)}" for name in ("facenet-pytorch", "torch", "scikit-image"))
    reference = {
        "made_by": f"tools/reference_mtcnn.py with {versions}",
        "min_face": MIN_FACE,
        "thresholds": THRESHOLDS,
        "boxes": np.asarray(boxes, np.float64).round(3).tolist(),
        "scores": np.asarray(scores, np.float64).round(6).tolist(),
        "landmarks": np.asarray(landmarks, np.float64).round(3).tolist(),
        "networks": networks,
    }
    TARGET.write_text(json.dumps(reference) + "\n")
    print(f"{TARGET}: {len(boxes)} face(s)")
    del library


if __name__ == "__main__":
    main()
