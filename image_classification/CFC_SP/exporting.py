"""From trained checkpoints to a bundle: fuse, export, and refuse to write what does not compute the same everywhere."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paddle
import yaml
from safetensors.numpy import save_file

from .core.cascade import Cascade
from .core.labels import COARSE, EXPR, NEGATIVE, STAGES
from .core.reference import cascade_reference
from .errors import UserError
from .files import git_sha, sha256_of
from .inference.bundle import MANIFEST, PROGRAMS, SCHEMA_VERSION, open_bundle
from .inference.program import Program
from .training.model import load_trained
from .video.detector import MIN_FACE, THRESHOLDS
from .video.mtcnn import WEIGHTS as DETECTOR_WEIGHTS
from .video.mtcnn import load_mtcnn

# Shares of the largest value: of programs against their networks, and of weights in half precision against the trained ones.
TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-3
_ANY = None


@dataclass(frozen=True)
class Member:
    """One network of the bundle: its weights file's stem, its checkpoint's config and note, the fused layer in evaluation mode."""

    stem: str
    config: object
    note: dict
    model: paddle.nn.Layer


class CoarseEnsemble(paddle.nn.Layer):
    """uint8 crops [N, S, S, 3] -> the logits of every coarse network, float32 [M, N, 5]."""

    def __init__(self, models):
        super().__init__()
        self.models = paddle.nn.LayerList(models)

    def forward(self, crops):
        return paddle.stack([model(crops) for model in self.models])


class ClipProgram(paddle.nn.Layer):
    """Cascade and SP in one program: crops of a whole clip [T, S, S, 3], valid [T], window [1] -> what `Cascade` returns."""

    def __init__(self, coarse, negative, cascade):
        super().__init__()
        self.coarse, self.negative, self.cascade = coarse, negative, cascade

    def forward(self, crops, valid, window):
        return self.cascade(self.coarse(crops), self.negative(crops), valid, window)


def export_bundle(coarse: list[str], negative: str, folder: str | Path, temperatures: tuple[list[float], float], licence: str) -> Path:
    """Writes the bundle of the checkpoints `coarse` (one or more) and `negative` to `folder` and returns it.

    temperatures: one for each coarse network and the negative one's. licence: that of the weights. The bundle appears only when
    its programs, on the CPU with and without oneDNN, agree with the eager networks and with NumPy within TOLERANCE.
    Raises UserError for checkpoints that do not belong together and for a bundle that fails; nothing is then written.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise UserError(f"{folder} is there and is no bundle: choose another -out, or remove it")
    members = [_load_member(path, "coarse", i if len(coarse) > 1 else None) for i, path in enumerate(coarse)]
    members.append(_load_member(negative, "negative", None))
    crops = {(m.config.DATA.CROP_SIZE, m.config.DATA.CROP_MARGIN) for m in members}
    if len(crops) > 1:
        raise UserError(f"expected networks trained on crops of one geometry, found (size, margin) {sorted(crops)}: retrain one of them")
    with _workshop(folder) as temporary:
        work = Path(temporary, folder.name)
        work.mkdir()
        layers = _write_files(work, members, temperatures)
        manifest = _manifest(folder.name, work, members, temperatures, licence)
        (work / MANIFEST).write_text(yaml.safe_dump(manifest, sort_keys=False, width=120), encoding="utf-8")
        check_parity(work, layers)
        for path in work.iterdir():
            path.chmod(0o644)
        if folder.exists():
            folder.rename(Path(temporary, "replaced"))
        work.rename(folder)
    return folder


def _workshop(folder: Path) -> tempfile.TemporaryDirectory:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=f".part-{folder.name}-", dir=folder.parent)
    except OSError as error:
        raise UserError(f"cannot write the bundle to {folder} ({error.strerror}): choose another -out") from error


def check_parity(folder: Path, layers: dict[str, paddle.nn.Layer]) -> None:
    """Runs every program of the bundle in `folder`, with oneDNN and without, beside its eager layer, and the sequence beside NumPy.

    Raises UserError with the program and the difference where one is larger than TOLERANCE of the largest value.
    """
    bundle = open_bundle(folder)
    for name, arrays in _examples(bundle.manifest).items():
        with paddle.no_grad():
            outputs = layers[name](*(paddle.to_tensor(array) for array in arrays))
        expected = [output.numpy() for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]
        for onednn in (False, True):
            _compare(name, "onednn" if onednn else "plain", Program(bundle, name, onednn=onednn)(*arrays), expected)
        if name == "sequence":
            _compare(name, "NumPy", cascade_reference(*arrays, *layers[name].settings), expected)


def _compare(name: str, engine: str, found, expected, tolerance: float = TOLERANCE) -> None:
    for position, (a, b) in enumerate(zip(found, expected, strict=True)):
        difference = float(np.abs(a.astype(np.float64) - b).max()) / max(1.0, float(np.abs(b).max()))
        if not difference <= tolerance:
            raise UserError(
                f"no bundle written: output {position} of {name} ({engine}) differs by {difference:.1e} of its largest value, "
                f"expected {tolerance:.0e} at most: look at the checkpoint, or export with the pinned version of Paddle"
            )


def _examples(manifest: dict) -> dict[str, tuple[np.ndarray, ...]]:
    """Seeded inputs of every program; logits far enough apart that rounding decides no label."""
    rng = np.random.default_rng(0)
    frames, size = 40, manifest["crop"]["size"]
    networks = sum(network["stage"] == "coarse" for network in manifest["networks"])
    crops = _crops(size, frames)
    valid, window = rng.random(frames) > 0.2, np.array([9])
    logits = [rng.normal(0, 3, shape).astype(np.float32) for shape in ((networks, frames, 5), (frames, 4))]
    pictures = {
        name: rng.normal(0, 0.5, (4, 3, side, side)).astype(np.float32) for name, side in (("pnet", 60), ("rnet", 24), ("onet", 48))
    }
    return {
        "coarse": (crops,),
        "negative": (crops,),
        "sequence": (*logits, valid, window),
        "clip": (crops, valid, window),
        **{name: (batch,) for name, batch in pictures.items()},
    }


def _crops(size: int, count: int = 8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def _stored(name: str, value: paddle.Tensor) -> np.ndarray:
    """A tensor as the bundle stores it; batch-norm statistics may outgrow half precision."""
    return value.numpy() if name.endswith(("_mean", "_variance")) else value.numpy().astype(np.float16)


def _load_member(path: str, stage: str, number: int | None) -> Member:
    model, config, note = load_trained(path, stage)
    crops = paddle.to_tensor(_crops(config.DATA.CROP_SIZE))
    with paddle.no_grad():
        trained = model(crops).numpy()
        if hasattr(model.backbone, "fuse"):
            model.backbone.fuse()
            _compare(f"{path} when fused", "eager", [model(crops).numpy()], [trained])
        # What ships is stored in half precision; the parity check sees the very weights that users get.
        model.set_state_dict({name: _stored(name, value).astype(np.float32) for name, value in model.state_dict().items()})
        _compare(f"{path} in half precision", "eager", [model(crops).numpy()], [trained], HALF_TOLERANCE)
    stem = f"{stage}_{config.MODEL.NAME}" if number is None else f"{stage}{number}_{config.MODEL.NAME}"
    return Member(stem, config, note, model)


def _write_files(work: Path, members: list[Member], temperatures) -> dict[str, paddle.nn.Layer]:
    """The weights and the programs; returns the eager layers by program name."""
    cascade = Cascade(*temperatures, members[0].config.SP.NORMALIZER, members[0].config.CASCADE.NEGATIVE_SCOPE)
    for member in members:
        stored = {name: _stored(name, value) for name, value in member.model.state_dict().items()}
        save_file(stored, work / f"{member.stem}.safetensors")
        _name_parameters(f"{member.stem}/", member.model)
    save_file({name: value.numpy() for name, value in cascade.state_dict().items()}, work / "sequence.safetensors")
    _name_parameters("sequence/", cascade)
    detector = load_mtcnn()
    shutil.copyfile(DETECTOR_WEIGHTS, work / DETECTOR_WEIGHTS.name)
    for name, network in detector.items():
        _name_parameters(f"{DETECTOR_WEIGHTS.stem}/{name}.", network)
    coarse, negative = CoarseEnsemble([member.model for member in members[:-1]]), members[-1].model
    layers = {"coarse": coarse, "negative": negative, "sequence": cascade, "clip": ClipProgram(coarse, negative, cascade), **detector}
    size = members[0].config.DATA.CROP_SIZE
    crops, valid, window = ([_ANY, size, size, 3], "uint8", "crops"), ([_ANY], "bool", "valid"), ([1], "int64", "window")
    logits = ([len(members) - 1, _ANY, 5], "float32", "coarse_logits"), ([_ANY, 4], "float32", "negative_logits")
    inputs = {
        "coarse": [crops],
        "negative": [crops],
        "sequence": [*logits, valid, window],
        "clip": [crops, valid, window],
        "pnet": [([_ANY, 3, _ANY, _ANY], "float32", "x")],
        "rnet": [([_ANY, 3, 24, 24], "float32", "x")],
        "onet": [([_ANY, 3, 48, 48], "float32", "x")],
    }
    for name in PROGRAMS:
        layers[name].eval()
        specs = [paddle.static.InputSpec(*spec) for spec in inputs[name]]
        paddle.jit.save(layers[name], str(work / name), input_spec=specs)
        # The weights are in the .safetensors already.
        (work / f"{name}.pdiparams").unlink(missing_ok=True)
    return layers


def _name_parameters(prefix: str, layer: paddle.nn.Layer) -> None:
    for name, parameter in layer.state_dict().items():
        parameter.name = prefix + name


def _manifest(name: str, work: Path, members: list[Member], temperatures, licence: str) -> dict:
    first = members[0].config
    networks = []
    for member, temperature in zip(members, [*temperatures[0], temperatures[1]], strict=True):
        config = member.config
        networks.append(
            {
                "stage": config.STAGE,
                "backbone": config.MODEL.NAME,
                "classes": list(STAGES[config.STAGE]),
                "input": {"size": config.MODEL.INPUT_SIZE, "channels": config.MODEL.IN_CHANNELS, "normalize": config.MODEL.NORMALIZE},
                "weights": f"{member.stem}.safetensors",
                "temperature": temperature,
                "training": {"data": config.DATA.NAME, "config": config.NAME, "seed": config.SEED, "git_sha": member.note["git_sha"]},
                "licence": licence,
                "validation": member.note["validation"],
            }
        )
    files = sorted(path.name for path in work.iterdir())
    return {
        "schema": SCHEMA_VERSION,
        "name": name,
        "paddle": paddle.__version__,
        "git_sha": git_sha(),
        "labels": {"expr": list(EXPR), "coarse": list(COARSE), "negative": list(NEGATIVE)},
        "crop": {"size": first.DATA.CROP_SIZE, "margin": first.DATA.CROP_MARGIN, "shape": "square on the longer side of MTCNN's box"},
        "sp": {"window": first.SP.WINDOW, "normalizer": first.SP.NORMALIZER},
        "cascade": {"negative_scope": first.CASCADE.NEGATIVE_SCOPE},
        "detector": {"weights": DETECTOR_WEIGHTS.name, "min_face": MIN_FACE, "thresholds": list(THRESHOLDS), "licence": "MIT"},
        "networks": networks,
        "files": {file: sha256_of(work / file) for file in files},
    }
