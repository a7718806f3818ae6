"""CFC-SP: coarse-to-fine cascaded networks with smooth predicting (Xue et al., CVPR Workshops 2022)."""

import importlib

_PUBLIC = {
    "Recognizer": ".prediction.recognizer",
    "predict_video": ".prediction.recognizer",
    "VideoResult": ".prediction.video_result",
    "read_result": ".prediction.video_result",
}


def __getattr__(name: str):
    # Labels and records are of use without what these import.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
