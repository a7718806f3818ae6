"""Rules of the house that a reader can rely on."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "image_classification"
SOURCES = sorted(PACKAGE.rglob("*.py"))

FAMILIES = ("SwinTransformer", "IResNet", "HRNet", "RepVGG", "MobileNet", "InceptionResNet")
# From the bottom up: a module imports modules of its own line and of lines above it, and nothing else of the project.
LEVELS = [
    ("image_classification.origins", "image_classification.CFC_SP.support"),
    ("image_classification.layers",),
    tuple(f"image_classification.{family}" for family in FAMILIES),
    ("image_classification.CFC_SP.core", "image_classification.backbones"),
    ("image_classification.CFC_SP.config",),
    ("image_classification.CFC_SP.data", "image_classification.CFC_SP.video", "image_classification.CFC_SP.weights"),
    ("image_classification.CFC_SP.training", "image_classification.CFC_SP.inference", "image_classification.CFC_SP.writers"),
    ("image_classification.CFC_SP.scoring", "image_classification.CFC_SP.prediction"),
    ("image_classification.CFC_SP.exporting",),
]
MAY_NOT = {
    # The method knows no files, writers know the records alone, video knows no network but its detector, programs build no network.
    "image_classification.CFC_SP.core": ("config", "support.files", "support.device"),
    "image_classification.CFC_SP.writers": ("video", "data", "weights", "config", "support.device"),
    "image_classification.CFC_SP.video": ("config", "support.device"),
    "image_classification.CFC_SP.inference": ("data", "weights", "config"),
    "image_classification.CFC_SP.prediction": ("data", "weights", "config"),
    "image_classification.CFC_SP.training": ("video",),
    "image_classification.CFC_SP.scoring": ("video",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[str]:
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, node.module] if node.module else base)
            found += [prefix, *(f"{prefix}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.startswith("image_classification.")]


def level_of(module: str) -> int:
    levels = [i for i, names in enumerate(LEVELS) for name in names if module == name or module.startswith(f"{name}.")]
    return levels[0] if levels else len(LEVELS)


def room_of(module: str) -> str:
    return next(name for names in LEVELS for name in names if module == name or module.startswith(f"{name}."))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    module = module_name(path)
    if module == "image_classification.CFC_SP":
        return  # the package's door, which opens the entries on demand
    for imported in imports_of(path):
        if imported in ("image_classification.CFC_SP", "image_classification"):
            continue
        assert level_of(imported) <= level_of(module), f"{module} imports {imported} from above"
        beside = level_of(imported) == level_of(module) < len(LEVELS) and room_of(imported) != room_of(module)
        assert not beside or level_of(module) in (0, 3), f"{module} imports {imported} beside it"
        for part, forbidden in MAY_NOT.items():
            if module.startswith(part):
                for name in forbidden:
                    assert not imported.startswith(f"image_classification.CFC_SP.{name}"), f"{module} imports {imported}"


def test_the_rule_sees_imports():
    """Guards the test above: relative imports are resolved."""
    assert "image_classification.CFC_SP.core.labels" in imports_of(PACKAGE / "CFC_SP" / "inference" / "bundle.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_fit_a_screen_or_two(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    entry = "run_script(sys.modules[__name__])" in path.read_text(encoding="utf-8")
    backbone = path.parent.parent == PACKAGE and path.parent.name != "CFC_SP"
    assert lines <= (80 if entry else 500 if backbone else 300)


def test_no_machine_is_named():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    machine = re.compile(r"(?<![\w.<])/(?:work|root|home|tmp/\w|opt)/")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".yaml", ".toml", ".txt", ".csv") and path != Path(__file__) and path.is_file():
            match = machine.search(path.read_text(encoding="utf-8"))
            assert not match, f"{name} names {match[0]}"


def test_docstrings_stand_on_every_public_name():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name == "__init__.py" and not tree.body:
            continue
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                known = node.name in ("add_options", "run") or path.parent.name in FAMILIES
                assert known or ast.get_docstring(node), f"{path.name}: {node.name}"


MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DIARY = re.compile(
    rf"\b[0-9]{{1,2}} (?:{MONTHS})\b|\b(?:{MONTHS}) [0-9]{{1,2}}\b|\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b|-dirty|\bwas tried\b|\banew\b"
)
TOLD = [path for place in ("docs/*.md", "results/**/*.md", "results/**/*.csv", "recipes/*") for path in sorted(ROOT.glob(place))]
TOLD += sorted((PACKAGE / "CFC_SP" / "configs").rglob("*.yaml"))


@pytest.mark.parametrize("path", TOLD, ids=lambda path: str(path.relative_to(ROOT)))
def test_configs_and_results_are_no_diary(path):
    found = DIARY.search(path.read_text(encoding="utf-8"))
    assert not found, f"{path.name} says {found[0]!r}: say what is, not how it came"


def test_a_diary_is_seen():
    """Guards the test above."""
    for text in ("on 28 November", "on November 28", "2026-11-28", "0a1b2c3-dirty", "it was tried", "trained anew"):
        assert DIARY.search(text)
    assert not DIARY.search("Regulation (EU) 2024/1689, in 2019, RepVGG-A0, 0.2-0.6 s, may 1")
    assert len(TOLD) > 60
