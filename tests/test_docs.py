# SPDX-License-Identifier: Apache-2.0
"""The documentation against the code: what it promises of the output, and what it points to."""

import dataclasses
import importlib
import json
import re
import shlex
import shutil
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP import cli
from image_classification.CFC_SP.config import default_config
from image_classification.CFC_SP.core.records import PictureFile, Segment, Source, Summary
from image_classification.CFC_SP.data.affwild2 import HEADER
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.prediction import clip_table
from image_classification.CFC_SP.prediction.options import ClipOptions
from image_classification.CFC_SP.prediction.video_result import VideoResult
from image_classification.CFC_SP.support.command_line import Parser
from image_classification.CFC_SP.video.reader import open_video
from image_classification.CFC_SP.writers.annotation_files import WRITERS
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.result_json import write_json
from image_classification.CFC_SP.writers.rows_csv import COLUMNS
from tests import clips

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "image_classification"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/**/*.md"), *PACKAGE.rglob("*.md")])


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


def test_the_columns_are_those_of_the_table_of_clips():
    assert tuple(row[0] for row in table(read("docs/output-format.md"), "clip's column")) == clip_table.COLUMNS


def test_the_keys_are_those_of_the_json(tmp_path):
    summary = Summary(
        source=Source("a.mp4", "h264", 640, 360, 25.0, 4.0),
        bundle=Bundle(tmp_path, {"name": "made_up", "files": {}}, "0" * 64).identity,
        device="cpu",
        engine="onednn",
        window_frames=213,
        label_counts={},
        segments=[Segment(1, 0.0, 1.0, "Anger", 0.5)],
        pictures=[PictureFile("a.png", 0)],
        options={"min_face": None, "engine": "auto", "precision": "auto"} | ClipOptions().as_dict(),
    )
    write_json(tmp_path / "result", summary, [])
    written = json.loads((tmp_path / "result").read_text(encoding="utf-8"))
    assert sorted(row[0] for row in table(read("docs/output-format.md"), "key")) == sorted(keys_of(written))


def test_the_files_are_those_of_the_output_folder():
    assert {row[0]: row[1] for row in table(read("docs/output-format.md"), "format")} == FILES
    annotations = {row[0]: row[1] for row in table(read("docs/annotation-formats.md"), "format")}
    assert annotations == {name: FILES[name] for name in (*WRITERS, "parquet")}


def test_formats_are_listed_as_they_are():
    (row,) = re.findall(r"^\| `-formats` \|.*$", read("docs/command-line.md"), re.M)
    assert re.findall(r"`([a-z0-9]+)`", row) == list(FILES)
    listed = re.search(r"^ *formats: (.*?)\.", VideoResult.save.__doc__, re.M)[1]
    assert re.findall(r"\w+", listed) == list(FILES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_formats_and_files_that_documents_name_are_there(path):
    text = path.read_text(encoding="utf-8")
    named = {name for words in re.findall(r"-formats ([a-z0-9,]+)", text) for name in words.split(",")}
    assert named <= set(FILES)
    stems = "|".join({file.split(".")[0] for file in FILES.values()})
    found = set(re.findall(rf"\b(?<![-/])(?:{stems})\.[A-Za-z]\w+\b(?!\()", text))
    # In an example `result` is an object.
    assert found - {f"result.{field.name}" for field in dataclasses.fields(VideoResult)} <= set(FILES.values())


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(name), re.M | re.S)


def commands(name: str) -> list[list[str]]:
    """The commands of a document's bash blocks, as words, without comments."""
    lines = "".join(blocks(name, "bash")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_the_readme_is_a_door():
    text = read("README.md")
    assert len(text.splitlines()) <= 130
    assert len(text.split()) <= 1000
    assert not [line for line in text.splitlines() if len(line) > 110]
    assert re.findall(r"^## (.*)$", text, re.M) == [
        *("Install", "Quick start", "Python", "Which bundle", "Train your own", "Reproduce the paper"),
        *("Limits and responsible use", "Documentation", "Contributing, licence, citation"),
    ]
    assert len(re.findall(r"^- ", text.partition("## Limits")[2].partition("\n## ")[0], re.M)) == 5


def test_every_page_is_in_the_index():
    index = {(ROOT / "docs" / link).resolve() for link in links("docs/README.md")}
    missing = {path.name for path in ROOT.glob("docs/*.md") if path.resolve() not in index} - {"README.md"}
    assert not missing
    assert "docs/README.md" in links("README.md")


@pytest.fixture
def desk(tmp_path, monkeypatch, ferplus_zip):
    """A folder that holds what the documents' commands name, and is the current one."""
    monkeypatch.chdir(tmp_path)
    clip = clips.write_clip(tmp_path / "clip.mp4", clips.pictures(3))
    for name in ("a.mp4", "b.mp4", "b.mov"):
        shutil.copy(clip, tmp_path / name)
    shutil.copy(ferplus_zip, tmp_path / "ferplus.zip")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "face.jpg")
    rng = np.random.default_rng(0)
    for folder, video, frames in (("Train_Set", "one", 32), ("Validation_Set", "two", 16)):
        annotation = tmp_path / "affwild2" / "EXPR_Classification_Challenge" / folder / f"{video}.txt"
        annotation.parent.mkdir(parents=True)
        annotation.write_text("\n".join([HEADER, *(str(frame % 8) for frame in range(frames))]) + "\n", encoding="utf-8")
        crops = tmp_path / "affwild2" / "crops" / video
        crops.mkdir(parents=True)
        for frame in range(frames):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(crops / f"{frame + 1:05d}.jpg")
    return tmp_path


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
@pytest.mark.usefixtures("loaded_once")
def test_the_python_of_a_document_runs(name, desk, capsys):
    found = blocks(name, "python")
    assert found
    for block in found:
        with open_video(desk / "clip.mp4") as reader:
            frames = [(frame.time_s, frame.image) for frame in reader]
        names = {"camera": lambda frames=frames: iter(frames)}
        exec(compile(block, name, "exec"), names)
        if "result" in names:
            assert names["result"].summary.frames == 3


@pytest.mark.slow
def test_the_notebook_runs_from_clips_to_a_figure(tmp_path, monkeypatch, capsys):
    """Ten clips, cut from one of a talking man."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (tmp_path / "interviews").mkdir()
    with open_video(clips.real_clip("carphone_pristine.mp4")) as reader:
        frames = [frame.image[:, :192] for frame in reader]
    for number in range(10):
        clips.write_clip(tmp_path / "interviews" / f"p{number:02d}.mp4", frames[10 * number : 10 * number + 8])
    names = {}
    for block in blocks("docs/two-groups.md", "python"):
        exec(compile(block, "two-groups.md", "exec"), names)
    with Image.open(tmp_path / "two-groups.png") as figure:
        assert figure.size == (1050, 525)
    assert {path.name for path in (tmp_path / "summary").iterdir()} >= {"groups.csv", "differences.csv", "summary.html"}
    assert "share_happiness" in capsys.readouterr().out


# A moment's training in the place of hours, of a network that is quick to build.
SHORT = "TRAIN.EPOCHS 1 TRAIN.WARMUP_EPOCHS 0 TRAIN.BATCH_SIZE 16"
QUICK = f"{SHORT} MODEL.NAME repvgg_lite MODEL.INPUT_SIZE 16 DATA.CROP_SIZE 16 MODEL.DROP_PATH 0"
# How each command of the README is covered: words that are added to it, or a sentence.
COVERED = {
    "pip install .[cpu]": "test_cli.py, test_the_wheel_holds_configs_and_bundle",
    "make demo": "test_make_demo_predicts",
    "cfc-sp predict -video clip.mp4": "",
    "cfc-sp predict -video a.mp4 b.mov -out results -formats csv,json,html": "",
    "cfc-sp predict -video 0 -end 60": "prediction/test_stream_files.py",
    "cfc-sp serve": "serving/test_run_server.py",
    "cfc-sp train -cfg configs/lite/lite_repvgg_flat.yaml -opts DATA.ROOT ferplus.zip": SHORT,
    "cfc-sp export -coarse output/lite_repvgg_flat/best.safetensors -negative output/lite_repvgg_flat/best.safetensors "
    "-calibrate ferplus.zip -out bundles/mine": "",
    "cfc-sp evaluate -bundle bundles/mine -data ferplus.zip": "",
    "cfc-sp predict -bundle bundles/mine -video clip.mp4": "-out mine",
    "cfc-sp train -cfg configs/swin_s_coarse.yaml -opts DATA.ROOT affwild2": QUICK,
    "cfc-sp tables -runs output -dataset affwild2 -data affwild2 -out tables": "",
}


@pytest.mark.usefixtures("loaded_once", "tiny_network")
def test_the_readme_s_commands_run(desk, capsys):
    found = [" ".join(words) for words in commands("README.md")]
    assert found == list(COVERED)
    for command, more in COVERED.items():
        if ".py" in more or command.startswith("make"):
            continue
        assert cli.main([*shlex.split(command)[1:], *more.split()]) == 0, (command, capsys.readouterr().err)
    made = "output/clip/annotated.mp4 results/b/report.html bundles/mine/manifest.yaml mine/clip/frames.csv tables/tables.csv"
    for file in made.split():
        assert (desk / file).is_file(), file


@pytest.mark.usefixtures("loaded_once")
def test_make_demo_predicts(desk, capsys):
    """What `make demo` runs once its environment stands."""
    recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", read("Makefile"), re.M)[1].strip()
    words = shlex.split(recipe.replace("$(BIN)/python", "python").replace("$(VIDEO)", "clip.mp4").replace("$(OUT)", "demo"))
    assert words[:2] == ["python", "image_classification/CFC_SP/predict.py"]
    assert cli.main(["predict", *words[2:]]) == 0 and (desk / "demo/clip/frames.csv").is_file()


def parser_of(words: list[str]) -> tuple[Parser, list[str]] | None:
    """The parser of a command that is one of ours, and the words that it takes."""
    words = ["python", "cli.py", *words[1:]] if words[0] == "cfc-sp" else words
    scripts = [i for i, word in enumerate(words) if word.endswith(".py")]
    if words[0] != "python" or not scripts:
        return None
    file = next(path for path in (ROOT / words[scripts[0]], PACKAGE / "CFC_SP" / Path(words[scripts[0]]).name) if path.is_file())
    script = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    parser = Parser()
    script.add_options(parser)
    return parser, words[scripts[0] + 1 :]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_documents_are_understood(path):
    for words in commands(str(path.relative_to(ROOT))):
        if "..." in words or "--help" in words or not (found := parser_of(words)):
            continue
        parser, rest = found
        try:
            parser.parse_args([re.sub(r"^\$\w+$|^\$\{.*\}$", "x", word) for word in rest])
        except SystemExit as stopped:
            assert stopped.code == 0, " ".join(words)


HISTORY = re.compile(
    r"\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|\b20\d\d-\d\d-\d\d\b|\bwas tried\b|\bwere tried\b"
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_tell_no_history(path):
    found = HISTORY.search(path.read_text(encoding="utf-8"))
    assert not found, f"{path.name}: {found[0]}"


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
            text = re.sub(r"^```.*?^```", "", target.read_text(encoding="utf-8"), flags=re.M | re.S)
            titles = re.findall(r"^#+ (.*)$", text, re.M)
            assert heading in [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles], link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(path):
    for file in set(re.findall(r"`([\w/-]+\.(?:py|txt|sh))\b", path.read_text(encoding="utf-8"))) - {"README.txt"}:
        folders = (ROOT, PACKAGE, PACKAGE / "CFC_SP", path.parent)
        assert any((folder / file).is_file() for folder in folders), f"{path.name} names {file}"


def test_this_sees_named_files():
    """Guards the test above."""
    assert re.findall(r"`([\w/-]+\.(?:py|txt|sh))\b", "`core/labels.py` and `tools/collect_results.py -check`") == [
        "core/labels.py",
        "tools/collect_results.py",
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_config_keys_exist(path):
    for key in re.findall(r"`([A-Z]+(?:\.[A-Z_]+)+)", path.read_text(encoding="utf-8")):
        reduce(getattr, key.split("."), default_config())
