# SPDX-License-Identifier: Apache-2.0
"""A summary without a model behind it."""

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace

from image_classification.CFC_SP.core.records import FrameResult, Source, Summary
from image_classification.CFC_SP.core.span import WHOLE, Span
from image_classification.CFC_SP.inference.mode import Mode
from image_classification.CFC_SP.prediction.summary_builder import SummaryBuilder
from image_classification.CFC_SP.support.stopwatch import Stopwatch


def summary_of(source: Source, results: Iterable[FrameResult], warnings: Iterable[str] = (), span: Span = WHOLE) -> Summary:
    """What a run that gave `results` would say of itself."""
    counts = SummaryBuilder(source, span)
    for result in results:
        counts.add(result)
    predictor = SimpleNamespace(status=lambda: {"device": "cpu", "engine": "onednn", "fell_back": False})
    bundle = SimpleNamespace(identity={"name": "lite", "sha256": "0" * 64}, is_random=False)
    reader = SimpleNamespace(damaged=0, warnings=[])
    summary = counts.build(reader, SimpleNamespace(predictor=predictor, bundle=bundle), Mode("decoder", 0.8, 24, ()), 24, {}, Stopwatch())
    return replace(summary, warnings=list(warnings), timings_s={"decode": 1.5, "total": 2.0})
