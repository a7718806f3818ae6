# SPDX-License-Identifier: Apache-2.0
"""The commands: from any folder, with one dash or two, by script or as cfc-sp; and the tables that tools make."""

import argparse
import ast
import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import paddle
import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.support.command_line import MISTAKE, Parser, guarded
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = ("predict", "main_single_gpu", "main_multi_gpu", "evaluate", "export_model")
# What a checkout has and an installed wheel lacks, or calls otherwise.
CHECKOUT = re.compile(r"(?<![/\w])tools/|requirements[\w-]*\.txt|\b\w+\.py\b|\bmake \w+\.\w+|\bdocs/")
SCRIPTS = [f"image_classification/CFC_SP/{name}.py" for name in ENTRIES]


@pytest.mark.parametrize(
    "script",
    [
        *SCRIPTS,
        *(
            f"tools/{name}.py"
            for name in ("score_clips", "collect_results", "benchmark", "robustness", "measure_loader", "measure_alignment")
        ),
        "image_classification/CFC_SP/cli.py",
    ],
)
def test_help_from_any_folder(script, tmp_path):
    done = subprocess.run([sys.executable, ROOT / script, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "usage" in done.stdout and not done.stderr


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_help_of_a_command_names_what_a_wheel_has(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    said = capsys.readouterr().out
    assert stopped.value.code == 0 and said.startswith(f"usage: cfc-sp {command} ")
    assert f"cfc-sp {command} -" in said.partition("\n\n")[2], "an example under its own name"
    assert not CHECKOUT.search(said), CHECKOUT.search(said)


def messages_of(source: str) -> list[str]:
    """The strings of a module that a person may read: all but docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def test_no_message_names_a_file_that_a_wheel_lacks():
    for path in sorted((ROOT / "image_classification").rglob("*.py")):
        for message in messages_of(path.read_text(encoding="utf-8")):
            found = CHECKOUT.search(message)
            # An address elsewhere, as of a schema, is no file of ours.
            is_address = message.startswith("http://")
            assert not found or is_address or message in ("main_single_gpu.py",), f"{path.relative_to(ROOT)}: {message!r} names {found[0]}"


def test_this_sees_messages():
    """Guards the test above: it reads f-strings too, and leaves docstrings out."""
    assert messages_of('"""In tools/a.py."""\nraise E(f"{x}: make it with tools/b.py")') == [": make it with tools/b.py"]
    assert CHECKOUT.search("pip install -r requirements-onnx.txt") and CHECKOUT.search("export it again with export_model.py")
    assert not CHECKOUT.search("make them with `cfc-sp onnx`; see result.json and frames.csv")


def options_of(parser) -> dict:
    """The long options of a parser by name, those of its sub-commands too."""
    found = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                found |= options_of(sub)
        elif action.option_strings and action.dest != "help" and action.help is not argparse.SUPPRESS:
            found[max(action.option_strings, key=len).lstrip("-")] = action
    return found


# What an option takes, by its name: a word, one of several, or none where it is a switch. A new option is entered here, where it
# shows whether the same thing has a name already.
VOCABULARY = {
    "align": "NAME",
    "all": "",
    "annotations": "PATH",
    "batch": "N",
    "batches": "N",
    "bundle": "FOLDER",
    "cache": "FOLDER",
    "calibrate": "PATH",
    "calibration": "T",
    "cfg": "YAML",
    "check": "",
    "clips": "N|FOLDER|FILE",
    "coarse": "FILE",
    "copies": "N",
    "data": "PATH|FOLDER",
    "dataset": "NAME",
    "device": "NAME",
    "end": "TIME",
    "engine": "NAME",
    "engines": "NAME",
    "epoch": "N",
    "every": "N|S",
    "extras": "LIST",
    "flat": "FILE",
    "flip": "",
    "formats": "LIST",
    "fps": "RATE",
    "frames": "N",
    "gpus_per_worker": "N",
    "groups": "CSV",
    "hide": "NAME",
    "host": "NAME",
    "hosts": "NAME",
    "jobs": "N",
    "keep_gb": "GB",
    "keep_hours": "H",
    "keep_uploads": "",
    "lag": "S",
    "licence": "WORDS",
    "limit": "S",
    "live": "NAME",
    "loop": "N",
    "mapping": "FILE",
    "max_mb": "MB",
    "max_pixels": "COUNT",
    "max_seconds": "S",
    "members": "A=B",
    "min_confidence": "P",
    "min_face": "PX",
    "min_segment": "S",
    "modes": "MODE",
    "names": "",
    "negative": "FILE",
    "no_labels": "",
    "only": "NAME",
    "onnx": "|PATH",
    "opts": "KEY VALUE",
    "out": "FOLDER|FILE|CSV",
    "package": "TGZ",
    "peer": "COMMAND",
    "port": "N",
    "precision": "NAME",
    "prior": "TAU",
    "prior_of": "FOLDER",
    "processes": "N",
    "proxy": "",
    "queue": "N",
    "quiet": "",
    "random": "",
    "rate": "N",
    "ray": "ADDRESS",
    "recursive": "",
    "resume": "",
    "row": "N",
    "run": "FOLDER",
    "runs": "FOLDER|N",
    "sample": "FILE",
    "scope": "NAME",
    "search": "NAME",
    "seconds": "S",
    "seed": "N",
    "settle": "S",
    "shares": "N",
    "size": "PX",
    "smoothing": "KIND",
    "split": "NAME",
    "start": "TIME",
    "streams": "N",
    "stride": "N",
    "submission": "FOLDER",
    "tiny": "N",
    "title": "WORDS",
    "token": "FILE",
    "untimed": "",
    "verbose": "",
    "video": "PATH|FILE|FOLDER",
    "weights": "FILE|PATH",
    "window": "FRAMES",
    "workers": "N",
}
CHOICES = {
    "align": ("none", "similarity"),
    "device": ("auto", "cpu", "gpu"),
    "precision": ("auto", "float32", "bfloat16"),
    "split": ("val", "test"),
    "scope": ("routed", "all"),
    "engine": ("auto", "paddle", "onnxruntime", "openvino"),
}


def parser_of(script):
    parser = Parser(description=script.__doc__)
    script.add_options(parser)
    return parser


TOOLS = [path for path in sorted((ROOT / "tools").glob("*.py")) if "def add_options" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", [*cli.COMMANDS, "main_multi_gpu", *(f"tools.{path.stem}" for path in TOOLS)])
def test_an_option_has_one_name_everywhere(name):
    script = cli.COMMANDS.get(name) or importlib.import_module(name if "." in name else f"image_classification.CFC_SP.{name}")
    options = options_of(parser_of(script))
    assert options
    for option, action in options.items():
        assert option in VOCABULARY, f"{name}: -{option} is a new name; is there one for the same thing already?"
        takes = "" if action.nargs == 0 else action.metavar or "NAME"
        assert takes in VOCABULARY[option].split("|"), f"{name}: -{option} takes {takes}, elsewhere {VOCABULARY[option]}"
        if action.choices:
            assert tuple(action.choices) == CHOICES[option], f"{name}: -{option}"


def test_train_takes_the_older_spelling_of_out():
    parser = parser_of(cli.COMMANDS["train"])
    for word in ("-out", "-output", "--output"):
        assert parser.parse_args(["-cfg", "a.yaml", word, "runs"]).out == "runs"
    assert parser.parse_args(["-cfg", "a.yaml"]).out is None and "-output" not in parser.format_help()


@pytest.mark.parametrize("dash", ["-", "--"])
def test_options_take_one_dash_or_two(dash, tmp_path, capsys):
    assert cli.main(["predict", f"{dash}video", str(tmp_path / "none.mp4"), f"{dash}out", str(tmp_path), f"{dash}formats", "csv"]) == 2
    assert "none.mp4" in capsys.readouterr().err


def test_the_version_names_what_runs(capsys, lite):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    said = dict(line.split(" ", 1) for line in capsys.readouterr().out.splitlines())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert said["cfc-sp"] == project["version"] and said["paddle"] == paddle.__version__
    assert said["device"] in ("cpu", "gpu") and said["bundle"] == f"lite {sha256_of(lite / 'manifest.yaml')[:12]}"


@pytest.mark.slow
def test_the_wheel_holds_configs_and_bundle(tmp_path):
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT], check=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in (
        "configs/lite/lite_repvgg_coarse.yaml",
        "bundles/lite/manifest.yaml",
        "bundles/lite/coarse.json",
        "bundles/lite/mtcnn.safetensors",
        "bundles/lite/frame.onnx",
    ):
        assert f"image_classification/CFC_SP/{name}" in names
    assert {"cfc_sp/py.typed", "image_classification/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def test_no_name_reaches_the_terminal_as_a_command(capsys):
    def say(arguments):
        print("clip \x1b[2J of rtsp")
        print("bar\r", file=sys.stderr)
        raise UserError("no \x1b]0;x\x07 at rtsp://u:word@cam/1")

    before = sys.stdout, sys.stderr
    assert guarded(say, None) == MISTAKE
    assert (sys.stdout, sys.stderr) == before
    said = capsys.readouterr()
    assert said.out == "clip \\x1b[2J of rtsp\n" and said.err == "bar\r\nerror: no \\x1b]0;x\\x07 at rtsp://cam/1\n"
