"""The commands: from any folder, with one dash or two, by script or as cfc-sp; and the tables that tools make."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.entry import run_script
from tools import collect_results

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [f"image_classification/CFC_SP/{name}.py" for name in ("predict", "main_single_gpu", "evaluate", "export_model")]


@pytest.mark.parametrize(
    "script", [*SCRIPTS, "tools/score_clips.py", "tools/collect_results.py", "tools/export_onnx.py", "tools/choose_engine.py"]
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


def test_the_readme_holds_the_figures_of_results():
    assert run_script(collect_results, ["-check"]) == 0


@pytest.mark.slow
def test_the_wheel_holds_configs_and_bundle(tmp_path):
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT], check=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in ("configs/lite_repvgg_coarse.yaml", "bundles/lite/manifest.yaml", "bundles/lite/coarse.json", "video/mtcnn.safetensors"):
        assert f"image_classification/CFC_SP/{name}" in names
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]
