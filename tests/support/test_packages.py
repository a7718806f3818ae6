"""What is said where a package is missing, and the surface that needs none."""

import subprocess
import sys
import textwrap

import pytest

from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.packages import import_package, installed_version, missing_package


def test_a_missing_package_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UserError, match=r"package openvino, which is not installed: pip install 'cfc-sp\[openvino\]'"):
        import_package("openvino")


def test_a_module_of_nobodys_is_no_mistake_of_the_users():
    assert missing_package(ModuleNotFoundError("none", name="image_classification.nothing")) is None
    assert missing_package(ModuleNotFoundError("none", name="paddle.base")) is not None


def test_the_first_distribution_that_is_installed():
    assert installed_version("no-such-distribution", "numpy") == installed_version("numpy") is not None
    assert installed_version("no-such-distribution") is None


def test_prediction_imports_without_any_engine():
    """Nothing on the way to a prediction imports Paddle, or another package of an extra, but the engine that is chosen."""
    script = """
        import importlib, pkgutil, sys
        for name in ('paddle', 'onnxruntime', 'openvino', 'paddle2onnx'):
            sys.modules[name] = None
        import cfc_sp
        for name in cfc_sp.__all__:
            getattr(cfc_sp, name)
        import image_classification.CFC_SP as package
        for room in ("core.cascade_settings", "core.smoothing", "inference.engines", "inference.programs", "inference.worker_process",
                     "inference.recognition", "prediction.many_clips", "prediction.clip_session", "prediction.stream_session"):
            importlib.import_module(f"{package.__name__}.{room}")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
