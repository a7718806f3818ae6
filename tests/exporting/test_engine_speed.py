# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import yaml

from image_classification.CFC_SP.exporting import engine_speed
from image_classification.CFC_SP.exporting.engine_speed import fastest, measure_engines, record_engines
from image_classification.CFC_SP.inference.bundle import MANIFEST, open_bundle
from image_classification.CFC_SP.inference.engines import network_program, recorded_engine

TWO = ("cpu", "onednn")


def test_every_engine_has_a_row_with_figures(exported):
    rows = measure_engines(open_bundle(exported), "negative", TWO, batch=2, runs=3)
    assert [row["engine"] for row in rows] == ["cpu", "onednn"]
    for row in rows:
        assert len(row["seconds"]) == 3 and min(row["seconds"]) > 0 and row["correct"] is True
        assert float(row["relative_difference"]) <= 1e-4 and row["batch"] == 2


@pytest.mark.parametrize("fault", ["wrong", "slightly wrong", "raises", "falls back"])
def test_an_engine_that_fails_is_never_the_fastest(exported, fault, monkeypatch):
    real = engine_speed.PaddleProgram

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

    monkeypatch.setattr(engine_speed, "PaddleProgram", Faulty)
    rows = measure_engines(open_bundle(exported), "negative", TWO, batch=1, runs=1)
    assert [row["correct"] for row in rows] == [True, False]
    assert (rows[1]["seconds"] == []) == (fault in ("raises", "falls back"))
    assert fastest(rows) == "cpu"


def test_what_is_not_there_has_a_row_without_figures(exported, monkeypatch):
    monkeypatch.setattr(engine_speed, "cpu_has_bfloat16", lambda: False)
    monkeypatch.setattr(engine_speed, "convert", lambda *_: (_ for _ in ()).throw(ModuleNotFoundError("paddle2onnx")))
    rows = measure_engines(open_bundle(exported), "negative", ("onednn bfloat16", "openvino"), batch=1, runs=1)
    assert [(row["seconds"], row["correct"]) for row in rows] == [([], False)] * 2


def test_differences_are_to_what_is_expected(exported):
    expected = (np.full((2, 2, 4), 7, np.float32),)
    assert [row["correct"] for row in measure_engines(open_bundle(exported), "negative", TWO, 2, 1, expected)] == [False, False]


def test_the_fastest_is_the_quickest_that_is_correct():
    rows = [("cpu", [9.1], True), ("onednn", [10.2, 1.0, 11.0], True), ("openvino", [3.0], False), ("onednn bfloat16", [], False)]
    rows = [{"engine": engine, "seconds": spent, "correct": correct} for engine, spent, correct in rows]
    assert fastest(rows) == "cpu"


@pytest.mark.parametrize("engine", ["cpu", "onednn", "onednn bfloat16"])
def test_the_manifest_records_the_fastest_and_prediction_uses_it(engine, exported_copy, monkeypatch):
    before = open_bundle(exported_copy)
    spent = {name: [2.0] for name in engine_speed.PADDLE_ENGINES} | {engine: [0.8]}
    rows = [{"engine": name, "seconds": values, "correct": True} for name, values in spent.items()]
    monkeypatch.setattr(engine_speed, "measure_engines", lambda *_: rows)
    recorded = record_engines(exported_copy)
    assert recorded["frame"]["fastest"] == engine and recorded["frame"]["ms_per_picture"][engine] == 100
    after = open_bundle(exported_copy)
    assert after.manifest == before.manifest | {"engines": recorded}
    assert sorted(path.name for path in exported_copy.iterdir()) == sorted([MANIFEST, *after.manifest["files"]])
    assert recorded_engine(after, "frame") == engine
    expected = "onednn" if engine.endswith("bfloat16") else engine
    assert network_program(after, "frame", precision="float32").engine == expected


@pytest.mark.parametrize("value", ["cpu", ["frame"], {"frame": "cpu"}, {"frame": {"fastest": "abacus"}}, None])
def test_a_manifest_that_says_nonsense_means_onednn(value, exported_copy):
    manifest = yaml.safe_load((exported_copy / MANIFEST).read_text())
    (exported_copy / MANIFEST).write_text(yaml.safe_dump(manifest | {"engines": value}))
    assert recorded_engine(open_bundle(exported_copy), "frame") == "onednn"
