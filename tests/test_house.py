# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a reader can rely on."""

import ast
import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "image_classification"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TOOLS = sorted((ROOT / "tools").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

FAMILIES = ("SwinTransformer", "IResNet", "HRNet", "RepVGG", "MobileNet", "InceptionResNet")
# From the bottom up: a module imports modules of its own line and of lines above it, and nothing else of the project.
LEVELS = [
    ("image_classification.origins", "image_classification.CFC_SP.support"),
    ("image_classification.layers",),
    tuple(f"image_classification.{family}" for family in FAMILIES),
    ("image_classification.CFC_SP.core", "image_classification.backbones"),
    ("image_classification.CFC_SP.config_rules",),
    ("image_classification.CFC_SP.config",),
    ("image_classification.CFC_SP.data", "image_classification.CFC_SP.video", "image_classification.CFC_SP.weights"),
    ("image_classification.CFC_SP.training", "image_classification.CFC_SP.inference", "image_classification.CFC_SP.writers"),
    (
        *("image_classification.CFC_SP.scoring", "image_classification.CFC_SP.prediction", "image_classification.CFC_SP.preparing"),
        "image_classification.CFC_SP.behaviour",
    ),
    ("image_classification.CFC_SP.exporting", "image_classification.CFC_SP.serving"),
]
# The same for the tools' rooms, which may use all of the package; their entries stand above them.
TOOL_LEVELS = [("tools.weights",), ("tools.benchmarks", "tools.footage", "tools.simulation"), ("tools.tables",)]
MAY_NOT = {
    # The method knows no files, writers know the records alone, video knows no network but its detector, programs build no network.
    "image_classification.CFC_SP.core": ("config", "support.files", "support.device", "support.quiet_paddle"),
    "image_classification.CFC_SP.writers": ("video", "data", "weights", "config", "support.device", "support.quiet_paddle"),
    "image_classification.CFC_SP.video": ("config", "support.device", "support.quiet_paddle"),
    "image_classification.CFC_SP.inference": ("data", "weights", "config"),
    "image_classification.CFC_SP.prediction": ("data", "weights", "config"),
    "image_classification.CFC_SP.serving": ("data", "weights", "config", "training", "scoring"),
    "image_classification.CFC_SP.training": ("video",),
    "image_classification.CFC_SP.scoring": ("video",),
}


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(path: Path) -> list[str]:
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, node.module] if node.module else base)
            found += [prefix, *(f"{prefix}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.startswith(("image_classification.", "tools.", "tests."))]


def room_of(module: str, levels: list[tuple[str, ...]]) -> tuple[int, str]:
    """The line of `levels` in which the module's room stands, and the room; what stands in none is an entry, above all of them."""
    places = ((line, name) for line, names in enumerate(levels) for name in names if module == name or module.startswith(f"{name}."))
    return next(places, (len(levels), ""))


def test_imports_run_downwards():
    for path in SOURCES:
        module = module_name(path)
        level, room = room_of(module, LEVELS)
        for imported in imports_of(path):
            if imported in ("image_classification.CFC_SP", "image_classification"):
                continue
            assert imported.startswith("image_classification."), f"{module} imports {imported}"
            above, other = room_of(imported, LEVELS)
            assert above <= level, f"{module} imports {imported} from above"
            assert above < level or other == room or level in (0, 3), f"{module} imports {imported} beside it"
            for part, forbidden in MAY_NOT.items():
                if module.startswith(part):
                    for name in forbidden:
                        assert not imported.startswith(f"image_classification.CFC_SP.{name}"), f"{module} imports {imported}"


def test_tools_import_downwards_too():
    for path in TOOLS:
        module = module_name(path)
        level, room = room_of(module, TOOL_LEVELS)
        for imported in imports_of(path):
            assert not imported.startswith("tests."), f"{module} imports {imported}"
            if imported.startswith("tools."):
                above, other = room_of(imported, TOOL_LEVELS)
                assert above < level or (above, other) == (level, room), f"{module} imports {imported} from above or beside it"


def test_the_rule_sees_imports():
    """Guards the test above: relative imports are resolved."""
    assert "image_classification.CFC_SP.core.labels" in imports_of(PACKAGE / "CFC_SP" / "inference" / "bundle.py")


def test_every_platform_can_import_everything():
    """What one platform alone has is imported where it is used, or inside a `try`."""
    ours = {"fcntl", "grp", "pwd", "resource", "termios"}
    for path in SOURCES:
        found = {alias.name for node in tree_of(path).body if isinstance(node, ast.Import) for alias in node.names}
        assert not found & ours, f"{path.relative_to(ROOT)} imports {found & ours}"


def test_files_fit_a_screen_or_two():
    for path in SOURCES:
        lines = len(text_of(path).splitlines())
        entry = "run_script(sys.modules[__name__])" in text_of(path)
        backbone = path.parent.parent == PACKAGE and path.parent.name != "CFC_SP"
        assert lines <= (80 if entry else 500 if backbone else 300), f"{path.relative_to(ROOT)} has {lines} lines"


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
        tree = tree_of(path)
        if path.name == "__init__.py" and not tree.body:
            continue
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                known = node.name in ("add_options", "run") or path.parent.name in FAMILIES
                assert known or ast.get_docstring(node), f"{path.name}: {node.name}"


# Tests of the project as a whole, which no one file is the source of.
WHOLE_PROJECT = {
    "tests/test_house.py": "rules of the house",
    "tests/test_docs.py": "what documents say",
    "tests/test_work.py": "the counter of work that tests bound",
    "tests/test_examples.py": "the public names of cfc_sp/",
    "tests/test_install.py": "what is installed: pyproject.toml, Dockerfile, docs/install.md",
    "tests/SwinTransformer/test_learning.py": "whether Swin learns",
    "tests/training/test_resuming.py": "runs that end before their time",
    "tests/prediction/test_without_paddle.py": "prediction where Paddle cannot be imported",
    "tests/recipes": "recipes/, shell scripts",
    "tests/browser": "the report and the server's page in a real browser",
    "tests/load": "fifty clients of a server",
    "tests/fuzz": "damaged files of every kind",
    "tests/soak": "a day's work, whatever befalls it",
    "tests/parity": "networks beside other libraries'",
}
UNTESTED = {
    "tools/port_mtcnn.py": "needs packages that the tests do without; tests/video compares what it wrote with the original",
    "tools/reference_mtcnn.py": "needs the original package; its output is what tests/video compares with",
}
# So few statements in functions say nothing of their own.
FEW_STATEMENTS = 10


def home_of_tests(path: Path) -> Path:
    """Where a source's tests are: its own place, without the package's folders; those of a package's own code bear the package's name."""
    *rooms, name = path.relative_to(ROOT).with_suffix("").parts
    name = rooms[-1] if name == "__init__" else name
    for folder in ("image_classification", "CFC_SP"):
        rooms = rooms[1:] if rooms[:1] == [folder] else rooms
    return ROOT.joinpath("tests", *rooms, f"test_{name}.py")


def needs_tests(path: Path) -> bool:
    """Whether a source has logic of its own; a command that some test names runs there."""
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]
    inside = (node for function in functions for part in function.body for node in ast.walk(part))
    statements = sum(isinstance(node, ast.stmt) and not isinstance(getattr(node, "value", None), ast.Constant) for node in inside)
    command = {"add_options", "run"} <= {function.name for function in functions}
    return statements >= FEW_STATEMENTS and not (command and any(re.search(rf"\b{path.stem}\b", text_of(test)) for test in TESTS))


def test_every_source_has_its_tests():
    for path in [*SOURCES, *TOOLS]:
        name = str(path.relative_to(ROOT))
        untested = not home_of_tests(path).is_file() and needs_tests(path)
        assert untested == (name in UNTESTED), f"{name}: expected {home_of_tests(path).relative_to(ROOT)}"


def test_every_test_stands_where_its_source_does():
    homes = set(map(home_of_tests, [*SOURCES, *TOOLS]))
    for path in TESTS:
        name = str(path.relative_to(ROOT))
        whole = any(name == known or name.startswith(f"{known}/") for known in WHOLE_PROJECT)
        assert whole or path in homes, f"{name} has no source of its name"


def test_no_two_modules_and_no_two_classes_share_a_name():
    modules, classes = defaultdict(list), defaultdict(list)
    for path in [*SOURCES, *TOOLS]:
        if path.name != "__init__.py":
            modules[path.stem].append(module_name(path))
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                classes[node.name.lstrip("_")].append(module_name(path))
    shared = {name: places for names in (modules, classes) for name, places in names.items() if len(places) > 1}
    assert not shared
    # One and many: nobody remembers which is which.
    assert not {name for name in modules if f"{name}s" in modules}


def test_no_block_stands_twice():
    """Six lines in a row, blank ones, comments, imports and closing brackets aside."""
    blocks, twice = {}, []
    for path in [*SOURCES, *TOOLS, *sorted((ROOT / "tests").rglob("*.py"))]:
        lines = [(number, line.strip()) for number, line in enumerate(text_of(path).splitlines(), 1)]
        lines = [(number, line) for number, line in lines if line and not line.startswith(("#", "import ", "from ", '"""', ")", "]", "}"))]
        for first in range(len(lines) - 5):
            place = f"{path.relative_to(ROOT)}:{lines[first][0]}"
            before = blocks.setdefault(tuple(line for _, line in lines[first : first + 6]), place)
            twice += [(before, place)] if before != place else []
    assert not twice


MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DIARY = re.compile(
    rf"\b[0-9]{{1,2}} (?:{MONTHS})\b|\b(?:{MONTHS}) [0-9]{{1,2}}\b|\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b|-dirty|\bwas tried\b|\banew\b"
)
TOLD = [path for place in ("docs/*.md", "results/**/*.md", "results/**/*.csv", "recipes/*") for path in sorted(ROOT.glob(place))]
TOLD += sorted((PACKAGE / "CFC_SP" / "configs").rglob("*.yaml"))


def test_configs_and_results_are_no_diary():
    for path in TOLD:
        found = DIARY.search(text_of(path))
        assert not found, f"{path.name} says {found[0]!r}: say what is, not how it came"


def test_a_diary_is_seen():
    """Guards the test above."""
    for text in ("on 28 November", "on November 28", "2026-11-28", "0a1b2c3-dirty", "it was tried", "trained anew"):
        assert DIARY.search(text)
    assert not DIARY.search("Regulation (EU) 2024/1689, in 2019, RepVGG-A0, 0.2-0.6 s, may 1")
    assert len(TOLD) > 60


# The first line of every source file, behind a shebang the second. What NOTICE has under another licence is weights, no source.
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def test_every_source_names_its_licence():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    sources = [ROOT / name for name in listed.stdout.splitlines() if name.endswith((".py", ".sh", ".js", ".css", ".j2"))]
    heads = {path: path.read_text(encoding="utf-8").splitlines()[:2] for path in sources if path.is_file()}
    without = [path.relative_to(ROOT) for path, head in heads.items() if not any(LICENCE in line for line in head)]
    assert len(heads) > 400 and not without
