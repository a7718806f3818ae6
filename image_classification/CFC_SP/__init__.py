"""CFC-SP: coarse-to-fine cascaded networks with smooth predicting (Xue et al., CVPR Workshops 2022)."""

import importlib

_PUBLIC = {
    "predict_video": ".prediction.analysis",
    "VideoResult": ".prediction.analysis",
    "ExpressionRecognizer": ".prediction.expression_recognizer",
}


def __getattr__(name: str):
    # Labels and records are of use without what these import.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
