"""The commands: from any folder, with one dash or two, by script or as cfc-sp; and the tables that tools make."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import paddle
import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.support.command_line import MISTAKE, guarded
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = ("predict", "main_single_gpu", "main_multi_gpu", "evaluate", "export_model")
SCRIPTS = [f"image_classification/CFC_SP/{name}.py" for name in ENTRIES]


@pytest.mark.parametrize(
    "script",
    [
        *SCRIPTS,
        *(f"tools/{name}.py" for name in ("score_clips", "collect_results", "benchmark", "robustness", "measure_loader")),
        *(f"tools/{name}.py" for name in ("export_onnx", "reproduce_tables")),
    ],
)
def test_help_from_any_folder(script, tmp_path):
    done = subprocess.run([sys.executable, ROOT / script, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "usage" in done.stdout and not done.stderr


def test_the_console_command_has_every_script(capsys):
    for command in ("predict", "train", "evaluate", "export"):
        with pytest.raises(SystemExit) as stopped:
            cli.main([command, "--help"])
        assert stopped.value.code == 0 and "usage: cfc-sp " + command in capsys.readouterr().out


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
        "video/mtcnn.safetensors",
    ):
        assert f"image_classification/CFC_SP/{name}" in names
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
