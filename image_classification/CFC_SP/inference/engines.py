"""Which engine runs a network program, and in which precision."""

from ..support.errors import UserError
from .bundle import Bundle
from .onnx_files import open_onnx
from .openvino_program import OpenVinoProgram
from .paddle_program import PaddleProgram
from .precision import PRECISIONS, in_precision

ENGINES = ("auto", "paddle", "openvino")
# What `PaddleProgram.engine` says on a CPU.
PADDLE_ENGINES = ("cpu", "onednn", "onednn bfloat16")
# The programs by which prediction recognises: crops in, logits out.
NETWORK_PROGRAMS = ("frame",)


def network_program(
    bundle: Bundle, name: str, device: str = "cpu", engine: str = "auto", precision: str = "auto"
) -> PaddleProgram | OpenVinoProgram:
    """The program `name` of the bundle, one of NETWORK_PROGRAMS, ready to be called; its attribute `engine` says what really runs.

    engine: "paddle", with oneDNN or without as the manifest records; "openvino", which takes the bundle's ONNX files; "auto", which is
    Paddle. precision: "float32"; "auto", bfloat16 where the export recorded it as correct and fastest; "bfloat16", which is checked now.
    A CPU without bfloat16, and a GPU, compute in float32 in any case; a GPU refuses to be asked for bfloat16. Raises UserError for a choice
    that does not exist or does not fit.
    """
    for option, value, choices in (("engine", engine, ENGINES), ("precision", precision, PRECISIONS)):
        if value not in choices:
            raise UserError(f"-{option}: expected one of {', '.join(choices)}, found {value!r}")
    size = bundle.manifest["crop"]["size"]
    if engine == "openvino":
        if device != "cpu":
            raise UserError("-engine openvino runs on the CPU, and the device is a GPU: add -device cpu, or leave -engine out")
        model, recorded = open_onnx(bundle, name)
        return in_precision(lambda bfloat16: OpenVinoProgram(model, name, bfloat16), precision, recorded, name, size)
    if device != "cpu" and precision == "bfloat16":
        raise UserError("-precision bfloat16 is for CPUs: a GPU computes a bundle in float32: leave it out, or add -device cpu")
    if device != "cpu":
        return PaddleProgram(bundle, name, device)
    recorded = recorded_engine(bundle, name)
    return in_precision(
        lambda bfloat16: PaddleProgram(bundle, name, onednn=bfloat16 or recorded != "cpu", bfloat16=bfloat16),
        precision,
        "bfloat16" if recorded.endswith("bfloat16") else "float32",
        name,
        size,
    )


def recorded_engine(bundle: Bundle, name: str) -> str:
    """The one of PADDLE_ENGINES that the export found fastest for a program; "onednn" where the manifest says nothing."""
    entry = bundle.manifest.get("engines")
    entry = entry.get(name) if isinstance(entry, dict) else None
    engine = entry.get("fastest") if isinstance(entry, dict) else None
    return engine if engine in PADDLE_ENGINES else "onednn"
