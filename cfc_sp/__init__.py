# SPDX-License-Identifier: Apache-2.0
"""Facial expressions in video: CFC-SP (Xue et al., CVPR Workshops 2022) on PaddlePaddle.

>>> from cfc_sp import Recognizer, predict_video, read_result
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from image_classification.CFC_SP.behaviour.statistics_tables import summarize
    from image_classification.CFC_SP.core.records import Face, FrameResult, Summary
    from image_classification.CFC_SP.prediction.recognizer import Recognizer, predict_video
    from image_classification.CFC_SP.prediction.video_result import VideoResult, read_result
    from image_classification.CFC_SP.support.errors import UserError

__all__ = ["Face", "FrameResult", "Recognizer", "Summary", "UserError", "VideoResult", "predict_video", "read_result", "summarize"]

_ROOMS = {
    "Face": "core.records",
    "FrameResult": "core.records",
    "Summary": "core.records",
    "Recognizer": "prediction.recognizer",
    "predict_video": "prediction.recognizer",
    "VideoResult": "prediction.video_result",
    "read_result": "prediction.video_result",
    "summarize": "behaviour.statistics_tables",
    "UserError": "support.errors",
}


def __getattr__(name: str) -> Any:
    # On demand: importing this takes no time, and needs nothing that is not used.
    if name in _ROOMS:
        return getattr(import_module(f"image_classification.CFC_SP.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
