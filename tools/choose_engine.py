"""Measures the engines on each network: which is the fastest that computes the same. Appends its rows to engines.csv.

python tools/choose_engine.py -bundle lite
python tools/choose_engine.py -cfg configs/swin_s_coarse.yaml configs/iresnet152_coarse.yaml

OpenVINO takes part where requirements-onnx.txt is installed.
"""

import csv
import sys
import tempfile
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.entry import Parser, run_script

RESULTS = Path(__file__).resolve().parents[1] / "results"


def add_options(parser: Parser) -> None:
    parser.option("bundle", metavar="FOLDER", help="measure a bundle's networks")
    parser.option("cfg", nargs="+", default=[], metavar="YAML", help="measure the networks of these configs, with random weights")
    parser.option("batch", type=int, default=8, metavar="N", help="pictures a run (default: 8)")
    parser.option("runs", type=int, default=10, metavar="N", help="runs of each engine (default: 10)")
    parser.option("out", default=RESULTS, type=Path, metavar="FOLDER", help="where engines.csv lies (default: results/)")


def run(arguments) -> None:
    from image_classification.CFC_SP.device import THREADS, paddle
    from image_classification.CFC_SP.errors import UserError
    from image_classification.CFC_SP.files import git_sha
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.engine_speed import fastest, measure_engines
    from image_classification.CFC_SP.inference.precision import NETWORK_PROGRAMS
    from tools.random_bundle import random_bundle

    if not arguments.bundle and not arguments.cfg:
        raise UserError("expected -bundle or -cfg, found neither: say which networks to measure")
    if min(arguments.batch, arguments.runs) < 1:
        raise UserError(f"expected -batch and -runs of 1 or more, found {arguments.batch} and {arguments.runs}")
    around = {"threads": THREADS, "paddle": paddle.__version__, "git_sha": git_sha()}

    def measure(bundle, name: str) -> None:
        rows = measure_engines(bundle, name, arguments.batch, arguments.runs)
        append(arguments.out / "engines.csv", [{"network": name, "weights": bundle.manifest["name"], **row, **around} for row in rows])
        for row in rows:
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items() if value != ""))
        print(f"{name}: the fastest that computes the same is {fastest(rows)}", flush=True)

    if arguments.bundle:
        for name in NETWORK_PROGRAMS:
            measure(open_bundle(arguments.bundle), name)
    for cfg in arguments.cfg:
        with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
            measure(random_bundle(cfg, Path(folder)), Path(cfg).stem)


def append(path: Path, rows: list[dict]) -> None:
    """Appends the rows to the CSV at `path`, which begins with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
