"""CFC-SP: coarse-to-fine cascaded networks with smooth predicting (Xue et al., CVPR Workshops 2022)."""

import importlib

_PUBLIC = {"predict_video": ".analysis", "VideoResult": ".analysis", "ExpressionRecognizer": ".live"}


def __getattr__(name: str):
    # Labels and records are of use without what these import.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
