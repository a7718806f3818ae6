# SPDX-License-Identifier: Apache-2.0
"""Seeded damage to what is no clip: bundles, checkpoints, YAML, addresses and results, each tried in a process of its own making."""

import json
import pickle
import random
import shutil
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import yaml
from safetensors.numpy import save

from image_classification.CFC_SP.config import load_config, parse_config
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import FrameResult, Source, Summary
from image_classification.CFC_SP.inference.bundle import MANIFEST, PROGRAMS, SHIPPED, open_bundle, parameter_names
from image_classification.CFC_SP.inference.program_check import OPERATORS
from image_classification.CFC_SP.prediction.clip_table import ClipTable
from image_classification.CFC_SP.prediction.video_result import read_result
from image_classification.CFC_SP.scoring.rater_agreement import compare
from image_classification.CFC_SP.support.addresses import clean_address
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.support.files import sha256_of
from image_classification.CFC_SP.weights.checkpoint import load_checkpoint, read_tensors
from image_classification.CFC_SP.weights.trained import trained_config
from image_classification.CFC_SP.writers.annotation_files import WRITERS
from image_classification.CFC_SP.writers.annotation_reading import read_annotation
from image_classification.CFC_SP.writers.output import FILES
from image_classification.CFC_SP.writers.result_json import read_summary, write_json
from image_classification.CFC_SP.writers.rows_csv import CsvWriter, read_rows
from tests.fuzz.damaged import damaged
from tests.writers.annotations import MADE_UP

# Of a processor's time, on a machine that may be slow.
LIMIT_S = 3.0
_SOURCE = SHIPPED / "lite-fast"
# What means something in one annotation format or another.
_STRAY = [*b'1e309 nan -1 <TIER> </TIER> &x; <!DOCTYPE\ta> null [] --> {} "'.split(b" "), b"9" * 30, b"\n\n", b"[" * 9999]


def bundle(folder: Path, draw: random.Random) -> str:
    """A bundle with one damaged file, its checksum put right; all that prediction reads of it is read."""
    copy = folder / "bundle"
    copy.mkdir()
    for path in _SOURCE.iterdir():
        shutil.copyfile(path, copy / path.name)
    name = draw.choice([MANIFEST, *(f"{program}.json" for program in PROGRAMS), "sequence.safetensors"])
    path = copy / name
    if name.endswith(".json") and draw.random() < 0.7:
        tree = json.loads(path.read_bytes())
        _change(tree, draw)
        path.write_text(json.dumps(tree))
    else:
        path.write_bytes(damaged(path.read_bytes(), np.random.default_rng(draw.randrange(1 << 32))))
    if name != MANIFEST:
        manifest = yaml.safe_load((copy / MANIFEST).read_text())
        manifest["files"][name] = sha256_of(path)
        (copy / MANIFEST).write_text(yaml.safe_dump(manifest))
    found = open_bundle(copy)
    for program in PROGRAMS:
        content = found.program(program)
        names = parameter_names(content)
        if "sequence" in (program, Path(name).stem):
            found.parameters(names)
        used = {operator["#"] for operator in json.loads(content)["program"]["regions"][0]["blocks"][0]["ops"]}
        assert used <= {"p", *OPERATORS}, used
    return "read"


def _change(tree: dict, draw: random.Random) -> None:
    """One to three changes anywhere in a tree of JSON."""
    for _ in range(draw.randint(1, 3)):
        node = tree
        while isinstance(node, dict | list) and node:
            key = draw.choice(list(node) if isinstance(node, dict) else range(len(node)))
            inner = node[key]
            if not isinstance(inner, dict | list) or not inner or draw.random() < 0.1:
                break
            node = inner
        if isinstance(node, dict | list) and node:
            node[key] = draw.choice([None, True, -1, 0, 1 << 70, 1e308, "", "1.read_file", "1.py_func", [], {}, [[]], {"#": "1.if"}, inner])


def checkpoint(folder: Path, draw: random.Random) -> str:
    """A checkpoint or a pickle with damaged bytes, or random steps of a pickle; what is read stays near the file's size."""
    kind = draw.choice(["safetensors", "pickle", "steps"])
    path = folder / f"weights.{'safetensors' if kind == 'safetensors' else 'pdparams'}"
    arrays = {f"layer.{i}": np.arange(40, dtype=np.float32) for i in range(4)}
    if kind == "steps":
        steps = [bytes([step]) for step in b"()]}aehqrstubRcVXBJKMNTQP012gjld." + bytes([*range(0x80, 0x98)])]
        numbers = [struct.pack("<I", draw.choice([0, 1, 9, 1 << 20, 0xFFFFFFFF])), b"\xff" * 8]
        numbers += [b"numpy\ndtype\n", b"collections\nOrderedDict\n"]
        drawn = (draw.choice(steps if draw.random() < 0.7 else numbers) for _ in range(draw.randint(1, 300)))
        path.write_bytes(b"\x80\x04" + b"".join(drawn) + b".")
    else:
        note = json.dumps({"config": "STAGE: flat\n", "git_sha": "x", "validation": None})
        whole = save(arrays, {"note": note}) if kind == "safetensors" else pickle.dumps(arrays, protocol=draw.randint(2, 5))
        path.write_bytes(damaged(whole, np.random.default_rng(draw.randrange(1 << 32))))
    read = read_tensors(path)
    assert sum(value.nbytes for value in read.values()) <= 8 * path.stat().st_size + (1 << 21)
    if kind == "safetensors":
        load_checkpoint(path)
        trained_config(path, "flat")
    return "read"


def yaml_file(folder: Path, draw: random.Random) -> str:
    """A config of random YAML, with aliases, depth, tags and BASE among it."""
    words = ["a: ", "- ", "[", "]", "{", "}", "&x ", "*x", "<<: ", "!!int ", "1:30", "010", "yes", ".inf", "\n", "\n  ", ", ", "NAME: "]
    words += ["../x", "TRAIN:\n  EPOCHS: ", "SEED: ", "BASE: ", "mine.yaml", "other.txt", "'", '"', "9" * 400, "\x00", "\t", "? ", "| "]
    text = "".join(draw.choice(words) * draw.choice([1, 1, 1, 2, 500]) for _ in range(draw.randint(1, 60)))
    (folder / "other.txt").write_text("a secret line: [\n")
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    with suppress(UserError):
        parse_config(text)
    config = load_config(folder / "mine.yaml")
    assert "/" not in config.NAME and config.NAME not in ("", ".", "..")
    return "read"


def address(folder: Path, draw: random.Random) -> str:
    """An address with a user and a password, of any characters, a token behind it, parts of it encoded: none of them is left."""
    special = "@/:?#%&=;+'\"[]\\ ü~"
    secrets = ["".join(draw.choice("SECRET" + special) for _ in range(draw.randint(0, 6))) + "Z" * 9 for _ in range(3)]
    user, password, token = (secret if draw.random() < 0.5 else _encoded(secret, draw) for secret in secrets)
    host = draw.choice(["cam", "cam:554", "10.0.0.7", "[::1]:8554"])
    scheme = draw.choice(["rtsp", "http", "HTTPS", "srt", "rtmp"])
    behind = draw.choice(["", f"?token={_encoded(token, draw)}", f"#key={_encoded(token, draw)}", f"/pass={_encoded(token, draw)}/x"])
    given = f"{scheme}://{draw.choice([user + ':', ':', ''])}{password}@{host}/live{behind}"
    clean = clean_address(given)
    assert "ZZZ" not in clean, (given, clean)
    assert "ZZZ" not in str(UserError(f"no stream at {clean!r}")) and clean_address(clean) == clean, (given, clean)
    return "cleaned"


def result(folder: Path, draw: random.Random) -> str:
    """What a clip's call left, one file of it damaged, read as a second call with -resume does, which keeps its own place."""
    label_counts = dict.fromkeys(EXPR, 0)
    source = Source("clip.mp4", "h264", 64, 48, 30.0, 1.0)
    options = {"start_s": None, "end_s": None, "stride": 1}
    summary = Summary(source, {"name": "lite", "sha256": "0" * 64}, "cpu", "onednn", 8, 9, label_counts=label_counts, options=options)
    table, clip = ClipTable(folder, True), folder / "clip"
    with table.clip("clip.mp4", "clip") as row:
        clip.mkdir()
        with CsvWriter(clip / "frames.csv") as writer:
            for number in range(9):
                writer.write(FrameResult(number, number / 30))
        write_json(clip / "result.json", summary, read_rows(clip / "frames.csv"))
        row.count(summary)
    path = draw.choice([folder / "clips.csv", clip / "frames.csv", clip / "result.json"])
    path.write_bytes(damaged(path.read_bytes(), np.random.default_rng(draw.randrange(1 << 32))))
    for read in (read_summary, read_result):
        with suppress(UserError):
            read(clip / "result.json" if read is read_summary else clip)
    with ClipTable(folder, True).clip("clip.mp4", "clip") as row:
        assert row.folder.startswith("clip")
    return "read"


def _encoded(text: str, draw: random.Random) -> str:
    return "".join(f"%{ord(c):02X}" if ord(c) < 128 and not c.isalnum() and draw.random() < 0.9 else c for c in text)


def annotation(folder: Path, draw: random.Random) -> str:
    """A file of another program with damaged bytes or stray words; what is read can be compared, or is told."""
    form = draw.choice(list(WRITERS))
    path = folder / FILES[form]
    WRITERS[form](path, MADE_UP)
    content = damaged(path.read_bytes(), np.random.default_rng(draw.randrange(1 << 32)))
    for _ in range(draw.randint(0, 3)):
        place = draw.randint(0, len(content))
        content = content[:place] + draw.choice(_STRAY) + content[place + draw.randint(0, 9) :]
    path.write_bytes(content)
    compare(MADE_UP, read_annotation(path))
    return "read"


KINDS: dict[str, Callable[[Path, random.Random], str]] = {
    **{"bundle": bundle, "checkpoint": checkpoint, "yaml": yaml_file, "address": address},
    **{"result": result, "annotation": annotation},
}


def tried(kind: str, folder: Path, seed: int, number: int) -> str:
    """What became of one: "read", "cleaned", "refused", or a sentence that says what is wrong."""
    folder.mkdir()
    begin = time.process_time()
    try:
        outcome = KINDS[kind](folder, random.Random(f"{seed} {number} {kind}"))
    except UserError as error:
        outcome = "refused" if "\n" not in str(error) and "secret line" not in str(error) else f"refused with {error}"
    # Whatever else comes is what the test looks for.
    except Exception as fault:
        outcome = f"fault: {type(fault).__name__}: {fault}"
    spent = time.process_time() - begin
    shutil.rmtree(folder)
    return outcome if spent <= LIMIT_S else f"{outcome} after {spent:.1f} s"
