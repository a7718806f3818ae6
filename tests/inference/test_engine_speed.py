import sys

import pytest

from image_classification.CFC_SP.inference import engine_speed
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.engine_speed import fastest, measure_engines


@pytest.fixture(autouse=True)
def without_openvino(monkeypatch):
    """What is there must not decide what is tested."""
    monkeypatch.setitem(sys.modules, "openvino", None)


def test_every_engine_has_a_row_with_figures(lite, monkeypatch):
    monkeypatch.setattr(engine_speed, "cpu_has_bfloat16", lambda: False)
    rows = measure_engines(open_bundle(lite), "negative", batch=2, runs=3)
    assert [row["engine"] for row in rows] == ["cpu", "onednn"]
    for row in rows:
        low, middle, high = (float(row[key]) for key in ("quartile_1", "ms_per_picture", "quartile_3"))
        assert 0 < low <= middle <= high and row["correct"] is True
        assert float(row["relative_difference"]) <= 1e-4 and row["batch"] == 2


@pytest.mark.parametrize("fault", ["wrong", "slightly wrong", "raises", "falls back"])
def test_an_engine_that_fails_is_never_the_fastest(lite, fault, monkeypatch):
    real = engine_speed.Program

    class Faulty(real):
        def __call__(self, *arrays):
            outputs = super().__call__(*arrays)
            if self.engine != "onednn":
                return outputs
            if fault == "raises":
                raise NotImplementedError("ConvertPirAttribute2RuntimeAttribute not support")
            if fault == "falls back":
                self.engine = "cpu"
            return tuple(output + {"wrong": 1, "slightly wrong": 1e-2}.get(fault, 0) for output in outputs)

    monkeypatch.setattr(engine_speed, "Program", Faulty)
    monkeypatch.setattr(engine_speed, "cpu_has_bfloat16", lambda: False)
    rows = measure_engines(open_bundle(lite), "negative", batch=1, runs=1)
    assert [row["correct"] for row in rows] == [True, False]
    assert (rows[1]["ms_per_picture"] == "") == (fault in ("raises", "falls back"))
    assert fastest(rows) == "cpu"


def test_the_fastest_is_the_quickest_that_is_correct():
    rows = [("cpu", "9.1", True), ("onednn", "10.2", True), ("openvino", "3.0", False), ("onednn bfloat16", "", False)]
    rows = [{"engine": engine, "ms_per_picture": spent, "correct": correct} for engine, spent, correct in rows]
    assert fastest(rows) == "cpu"
