# SPDX-License-Identifier: Apache-2.0
"""What is installed: the extras that messages name, the files that ship, and the Dockerfile's lines, which are the documents'."""

import re
import runpy
import shlex
import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from image_classification.CFC_SP.support.packages import EXTRAS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
# The distributions whose modules bear other names.
DISTRIBUTIONS = {"paddle": "paddlepaddle", "sklearn": "scikit-learn", "prometheus_client": "prometheus-client"}


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s\[<>=!~;]", requirement)[0] for requirement in requirements}


def test_every_package_that_a_message_names_is_in_its_extra():
    for module, extra in EXTRAS.items():
        assert DISTRIBUTIONS.get(module, module).replace("_", "-") in names_of(OPTIONAL[extra]), module


def test_every_extra_that_a_message_names_is_there():
    named = set()
    for path in (ROOT / "image_classification").rglob("*.py"):
        for extras in re.findall(r"cfc-sp\[([a-z,]+)\]", path.read_text(encoding="utf-8")):
            named |= set(extras.split(","))
    assert named <= set(OPTIONAL)


def test_the_base_holds_no_engine():
    assert not names_of(PROJECT["dependencies"]) & {"paddlepaddle", "paddlepaddle-gpu", "onnxruntime", "openvino", "onnx", "matplotlib"}


def test_all_is_all_but_the_gpu_and_what_maintainers_need():
    (everything,) = OPTIONAL["all"]
    assert set(re.search(r"\[(.*)\]", everything)[1].split(",")) == set(OPTIONAL) - {"all", "gpu", "demo", "dev", "browser", "parity"}


def test_what_is_named_is_constrained():
    pinned = names_of((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    asked = [*PROJECT["dependencies"], *(word for extra in OPTIONAL if extra not in ("gpu", "parity") for word in OPTIONAL[extra])]
    assert {name.lower() for name in names_of(asked)} - pinned - {"cfc-sp"} == set()


def test_the_extras_of_the_page_are_those_that_there_are():
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    told = {name for row in re.findall(r"^\| (`.*?) \|", page, re.M) for name in re.findall(r"`([a-z]+)`", row)}
    assert told == set(OPTIONAL) - {"demo", "dev", "browser", "parity"}


@pytest.mark.parametrize("extra", ["cpu", "gpu"])
def test_the_dockerfile_installs_what_the_page_says(extra):
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "docker build -t cfc-sp ." in page and "docker build -t cfc-sp ." in image
    (run,) = re.findall(r"^RUN (.*)$", image, re.M)
    words = shlex.split(run.replace("${EXTRA}", extra))
    assert words[:2] == ["pip", "install"] and words[words.index("-c") + 1] == "constraints.txt"
    assert words[-1] == f".[{extra},report]"
    # The page says which set the image holds, and gives the same arguments by name.
    assert "'.[cpu,report]'" in page and re.search(r"^ARG EXTRA=cpu$", image, re.M)
    for argument in re.findall(r"--build-arg (\w+)=", page):
        assert re.search(rf"^ARG {argument}=", image, re.M), argument
    assert re.search(r"^ENTRYPOINT \[\"cfc-sp\"\]$", image, re.M)
    # The image's Python is one of those that the project takes.
    assert f"Programming Language :: Python :: {re.search(r'FROM python:([0-9.]+)', image)[1]}" in PROJECT["classifiers"]


def test_everything_the_image_copies_is_there():
    kept = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.M)
    assert all((ROOT / name).exists() for name in kept)
    assert {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE", "cfc_sp", "image_classification"} <= set(kept)


@pytest.mark.parametrize("minor", range(9, 16))
def test_a_python_outside_the_range_is_refused_in_a_sentence(minor, monkeypatch):
    begun = []
    monkeypatch.setitem(sys.modules, "setuptools", SimpleNamespace(setup=lambda: begun.append(minor)))
    monkeypatch.setattr(sys, "version_info", (3, minor, 1))
    pythons = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    is_in = f"3.{minor}" in pythons
    told = f"expected Python {', '.join(pythons[:-1])} or {pythons[-1]} for cfc-sp, found "
    with nullcontext() if is_in else pytest.raises(SystemExit, match=told):
        runpy.run_path(str(ROOT / "setup.py"))
    assert begun == [minor] * is_in
    assert PROJECT["requires-python"] == f">={pythons[0]},<3.{int(pythons[-1][2:]) + 1}"
