# SPDX-License-Identifier: Apache-2.0
"""Measures what int8 would do to a bundle's networks on ONNX Runtime: validation accuracy and processor time beside float32, in a CSV file.

python tools/measure_int8.py -bundle lite -data ferplus.zip

Static quantisation, calibrated on training pictures. Nothing of the bundle changes.
"""

import os
import sys
import tempfile
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script
from tools.tables.rooms import RESULTS, SPEED

CALIBRATION_PICTURES, BATCH, TIMED_BATCHES = 512, 16, 12


def add_options(parser: Parser) -> None:
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("data", required=True, metavar="PATH", help="FER+, a zip or a folder")
    parser.option("batches", type=int, metavar="N", help=f"batches of {BATCH} validation pictures (default: all)")
    parser.option("out", type=Path, default=RESULTS / SPEED / "int8.csv", metavar="CSV", help="default: results/speed/int8.csv")


def run(arguments) -> None:
    import onnxruntime

    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.onnx_files import OnnxFile, open_onnx
    from image_classification.CFC_SP.inference.onnxruntime_program import OnnxRuntimeProgram
    from tools.benchmarks.measuring import append_rows, surroundings

    bundle = open_bundle(arguments.bundle)
    with tempfile.TemporaryDirectory(prefix="cfc-sp-") as folder:
        paths = {"float32": Path(folder, "float32.onnx"), "int8": Path(folder, "int8.onnx")}
        quantise(open_onnx(bundle, "frame").path, *paths.values(), pictures(arguments.data, "train", bundle, CALIBRATION_PICTURES)[0])
        programs = {name: OnnxRuntimeProgram(OnnxFile("frame", path, name, 0), "cpu") for name, path in paths.items()}
        crops, truth = pictures(arguments.data, "val", bundle, arguments.batches and arguments.batches * BATCH)
        spent = cpu_ms(programs, crops[:BATCH])
        known = {
            "bundle": bundle.manifest["name"],
            "bundle_sha256": bundle.sha256,
            "data": "ferplus",
            "split": "val",
            "pictures": len(crops),
        }
        machine = {"onnxruntime": onnxruntime.__version__} | surroundings()
        rows = []
        for name, program in programs.items():
            figures = {"accuracy": f"{accuracy(program, bundle, crops, truth):.4f}", "cpu_ms_a_face": f"{spent[name]:.2f}"}
            size = f"{paths[name].stat().st_size / 1e6:.1f}"
            rows.append(known | {"precision": name, **figures, "mb": size} | machine)
            print(rows[-1])
    append_rows(arguments.out, rows)


def pictures(root, split: str, bundle, count: int | None):
    """(crops uint8 [N, S, S, 3], labels in EXPR order) of the first pictures of a split of FER+ that have one label."""
    import numpy as np

    from image_classification.CFC_SP.data.datasets import DATASETS, as_stage
    from image_classification.CFC_SP.data.loader import plain_batches

    data = as_stage(DATASETS["ferplus"](root, split), "flat", "single")
    numbers = np.flatnonzero(data.whole())[:count].tolist()
    return np.concatenate(list(plain_batches(data, bundle.manifest["crop"]["size"], 64, numbers))), data.labels[numbers]


def quantise(source: Path, plain: Path, quantised: Path, crops) -> None:
    """Writes the model of `source` with what is constant computed, and the same in int8: convolutions and products, a scale a channel."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath, options.log_severity_level = str(plain), 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])

    class Crops(CalibrationDataReader):
        batches = iter([{"crops": crops[begin : begin + BATCH]} for begin in range(0, len(crops), BATCH)])

        def get_next(self):
            return next(self.batches, None)

    settings = {"per_channel": True, "activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "quant_format": QuantFormat.QDQ}
    quantize_static(str(plain), str(quantised), Crops(), op_types_to_quantize=["Conv", "Gemm"], **settings)


def accuracy(program, bundle, crops, truth) -> float:
    """The share of pictures whose label, each apart and under the data's own prior, is the true one."""
    import numpy as np

    from image_classification.CFC_SP.inference.mode import DATA_PRIOR, mode_of
    from image_classification.CFC_SP.inference.sequence import sequence_of

    logits = [
        np.concatenate(part, axis=1) for part in zip(*(program(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)), strict=True)
    ]
    labels = sequence_of(bundle)(*logits, np.ones(len(crops), bool), np.array([0]), *mode_of(bundle, "logits", DATA_PRIOR).inputs)[0]
    return float((labels == truth).mean())


def cpu_ms(programs: dict, crops) -> dict[str, float]:
    """Processor time in ms a face, by name: the programs take turns."""
    spent = dict.fromkeys(programs, 0.0)
    for number in range(2 + TIMED_BATCHES):
        for name, program in programs.items():
            before = sum(os.times()[:2])
            program(crops)
            spent[name] += (sum(os.times()[:2]) - before) * (number >= 2)
    return {name: seconds * 1e3 / TIMED_BATCHES / len(crops) for name, seconds in spent.items()}


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
