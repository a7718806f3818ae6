"""The documentation against the code: what it promises of the output, and what it points to."""

import json
import re
from functools import reduce
from pathlib import Path

import pytest

from image_classification.CFC_SP.config import default_config
from image_classification.CFC_SP.core.records import Segment, Source, Summary
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import COLUMNS
from tests import clips

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "image_classification"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *PACKAGE.rglob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table(text: str, first_header: str) -> list[list[str]]:
    """The rows of the table whose first column is headed so, as lists of cells without their backticks."""
    body = re.search(rf"^\| {first_header} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)[1]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in body.splitlines()]


def keys_of(value, prefix: str = "") -> list[str]:
    """The dotted names of all keys in a JSON value, with `[]` for the members of an array."""
    if isinstance(value, list):
        return keys_of(value[0], f"{prefix}[]") if value else []
    if not isinstance(value, dict):
        return []
    dot = "." if prefix else ""
    return [name for key, inner in value.items() for name in (f"{prefix}{dot}{key}", *keys_of(inner, f"{prefix}{dot}{key}"))]


def test_the_columns_are_those_of_the_csv():
    assert tuple(row[0] for row in table(read("docs/output-format.md"), "column")) == COLUMNS


def test_the_keys_are_those_of_the_json(tmp_path):
    summary = Summary(
        source=Source("a.mp4", "h264", 640, 360, 25.0, 4.0),
        bundle=Bundle(tmp_path, {"name": "made_up", "files": {}}, "0" * 64).identity,
        device="cpu",
        engine="onednn",
        window_frames=213,
        label_counts={},
        segments=[Segment(1, 0.0, 1.0, "Anger", 0.5)],
        options={"min_face": None, "engine": "auto", "precision": "auto"} | ClipOptions().as_dict(),
    )
    write_json(tmp_path / "result", summary, [])
    written = json.loads((tmp_path / "result").read_text(encoding="utf-8"))
    assert sorted(row[0] for row in table(read("docs/output-format.md"), "key")) == sorted(keys_of(written))


def test_the_files_are_those_of_the_output_folder():
    assert {row[0]: row[1] for row in table(read("docs/output-format.md"), "format")} == FILES


def test_the_readme_s_python_runs(tmp_path, monkeypatch, capsys):
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.pictures(3))
    blocks = re.findall(r"^```python\n(.*?)^```", read("README.md"), re.M | re.S)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    names = {"camera": lambda: ((frame.time_s, frame.image) for frame in open_video(clip)), "show": print}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["result"].summary.frames == 3 and round(names["time_s"], 3) == 0.067


def test_this_sees_the_documents():
    """Guards the test below: a pattern that finds nothing would pass."""
    assert {"CONTRIBUTING.md", "method.md", "output-format.md"} <= {path.name for path in DOCUMENTS}
    assert len(links("docs/upstream-differences.md")) > 2


def links(name: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", read(name)) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(path):
    for link in links(path.relative_to(ROOT)):
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), f"{path.name} links to {link}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.M)
            assert heading in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles], link


@pytest.mark.parametrize("name", ["docs/method.md", "docs/paddle-version.md", "CONTRIBUTING.md", "image_classification/RepVGG/README.md"])
def test_named_files_exist(name):
    named = set(re.findall(r"`([\w/.-]+\.(?:py|txt))`", read(name)))
    assert named
    for file in named:
        folders = (ROOT, PACKAGE, PACKAGE / "CFC_SP", (ROOT / name).parent)
        assert any((folder / file).is_file() for folder in folders), f"{name} names {file}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_config_keys_exist(path):
    for key in re.findall(r"`([A-Z]+(?:\.[A-Z_]+)+)", path.read_text(encoding="utf-8")):
        reduce(getattr, key.split("."), default_config())
