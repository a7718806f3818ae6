"""CFC-SP: coarse-to-fine cascaded networks with smooth predicting (Xue et al., CVPR Workshops 2022)."""


def __getattr__(name: str):
    # Labels and records are of use without Paddle, which takes seconds to import.
    if name in ("predict_video", "VideoResult"):
        from . import device  # noqa: F401, I001, before whatever imports Paddle
        from . import analysis

        return getattr(analysis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
