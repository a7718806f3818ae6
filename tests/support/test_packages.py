# SPDX-License-Identifier: Apache-2.0
"""What is said where a package is missing, and the surface that needs none."""

import subprocess
import sys
import textwrap

import pytest

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.support.command_line import MISTAKE, guarded
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.packages import EXTRAS, import_package, installed_version, missing_package, require_package
from image_classification.CFC_SP.writers.output import check_formats


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
        for name in names:
            sys.modules[name] = None
        import cfc_sp
        for name in cfc_sp.__all__:
            getattr(cfc_sp, name)
        import image_classification.CFC_SP as package
        for room in ("core.cascade_settings", "core.smoothing", "inference.engines", "inference.programs", "inference.worker_process",
                     "inference.recognition", "prediction.many_clips", "prediction.clip_session", "prediction.stream_session"):
            importlib.import_module(f"{package.__name__}.{room}")
    """
    script = f"names = {[*EXTRAS, 'onnx', 'ml_dtypes']}\n" + textwrap.dedent(script)
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_format_that_is_not_installed_is_told_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(UserError, match=r"-formats html needs the package bokeh, .* pip install 'cfc-sp\[report\]'"):
        check_formats(["csv", "html"])
    require_package("numpy", "this")


def test_a_command_without_its_package_ends_in_one_sentence(monkeypatch, capsys):
    def run(arguments):
        raise ModuleNotFoundError("No module named 'yacs.config'", name="yacs.config")

    # A command that does not import Paddle first.
    run.__module__ = predict.__name__
    assert guarded(run, None) == MISTAKE
    assert capsys.readouterr().err == "error: this needs the package yacs, which is not installed: pip install 'cfc-sp[train]'\n"
