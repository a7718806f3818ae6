"""Training of one stage from a config: the numbered steps of PaddleViT's entry script, as functions."""

import csv
import dataclasses
import math
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from tqdm import tqdm

from ..config import parse_config
from ..errors import UserError
from ..files import atomic_path, git_sha
from .checkpoint import load_checkpoint, load_pretrained, save_checkpoint
from .curves import draw_curves
from .datasets import StageData, load_split
from .ema import Ema
from .loader import plain_batches, training_batches
from .metrics import Scores, score
from .model import build_model
from .optim import count_decayed, trainable
from .samplers import epoch_order, repeat_factors
from .steps import choose_step
from .teachers import Teachers

_EMA = "ema."
# Pictures enough for batch-norm statistics; their cost is that of as many training steps without the backward pass.
STATISTICS_BATCHES = 16
COLUMNS = ("epoch", "steps", "loss", "lr", "val_accuracy", "val_macro_f1", "seconds")


def train(config, device: str, resume: bool = False) -> Path:
    """Trains `config.STAGE` and returns the run's folder, `config.OUTPUT`/`config.NAME`.

    In it: last.safetensors (to resume from), best.safetensors (the averaged weights of the epoch with the best validation macro-F1)
    and, with TRAIN.KEEP above 1, best-2.safetensors and so on, metrics.csv, curves.png, config.yaml. Raises UserError for bad data or
    options and for a loss that is no longer finite.
    """
    run = _open_run(config, resume)
    data, held_out = _load_data(config)
    paddle.seed(config.SEED)
    model = _build(config, resume)
    factors = repeat_factors(data.labels, config.DATA.REPEAT_THRESHOLD)
    steps_per_epoch = round(factors.sum()) // config.TRAIN.BATCH_SIZE
    if not steps_per_epoch:
        raise UserError(f"TRAIN.BATCH_SIZE {config.TRAIN.BATCH_SIZE} is more than the {len(data)} training pictures; lower it")
    teachers = Teachers(config, device)
    for teacher in teachers.origin:
        print(f"teacher {teacher['name']}: validation macro-F1 {teacher['validation']['val_macro_f1']:.3f}, sha256 {teacher['sha256'][:12]}")
    stepper = choose_step(config, device)(config, model, steps_per_epoch)
    ema = Ema(stepper.weights(), config.TRAIN.EMA_DECAY)
    progress = _resume(run, config, stepper, ema, teachers.origin) if resume else Progress(teachers=teachers.origin)
    print(f"training on {device} from step {progress.step} of {config.TRAIN.EPOCHS * steps_per_epoch}, {steps_per_epoch} an epoch")
    while progress.step < config.TRAIN.EPOCHS * steps_per_epoch and not _exhausted(progress, config.TRAIN.PATIENCE):
        order = epoch_order(factors, config.SEED, progress.step // steps_per_epoch)
        _train_epoch(run, config, stepper, ema, data, teachers, order, steps_per_epoch, progress)
        _finish_epoch(run, config, model, stepper, ema, data, order, held_out, steps_per_epoch, progress)
    return run


@dataclasses.dataclass
class Progress:
    """Where a run stands: steps done, the epoch's loss sum and time so far, the best scores (falling), the commits it ran at, the
    epochs' rows, its teachers."""

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best: list = dataclasses.field(default_factory=list)
    git_sha: str = dataclasses.field(default_factory=git_sha)
    rows: list = dataclasses.field(default_factory=list)
    teachers: list = dataclasses.field(default_factory=list)


def measure_statistics(model, batches: Iterable[tuple]) -> None:
    """Sets the batch-norm statistics of `model` to their means over `batches` of the loader ("precise BN", Wu & Johnson 2021).

    Averaged weights have never seen a picture, and oneDNN's training kernel leaves the running statistics as they were.
    """
    norms = [layer for layer in model.sublayers() if isinstance(layer, nn.BatchNorm2D)]
    if not norms:
        return
    momenta = [norm._momentum for norm in norms]
    model.train()
    with paddle.no_grad():
        for count, (crops, _) in enumerate(batches):
            for norm in norms:
                norm._momentum = count / (count + 1)
            model(paddle.to_tensor(crops))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm._momentum = momentum


def validate(model, data: StageData, size: int, batch: int = 128) -> Scores:
    """Scores of `model` on `data`, in eager mode."""
    model.eval()
    with paddle.no_grad():
        predictions = [model(paddle.to_tensor(crops)).argmax(1).numpy() for crops in plain_batches(data, size, batch)]
    whole = data.whole()
    return score(data.labels[whole], np.concatenate(predictions)[whole], len(data.names))


def _open_run(config, resume: bool) -> Path:
    run = Path(config.OUTPUT) / config.NAME
    if (run / "last.safetensors").exists() and not resume:
        raise UserError(f"{run} holds a run already: go on with -resume, or choose another -output")
    if resume and not (run / "last.safetensors").exists():
        raise UserError(f"-resume needs {run / 'last.safetensors'}, which is not there: start without -resume")
    try:
        run.mkdir(parents=True, exist_ok=True)
        if not resume:
            with atomic_path(run / "config.yaml") as path:
                path.write_text(config.dump(), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write to the output folder {run} ({error.strerror}): choose another -output") from error
    return run


def _load_data(config) -> tuple[StageData, StageData]:
    splits = []
    for split in ("train", "val"):
        splits.append(load_split(config, split))
        counts = ", ".join(f"{name} {count}" for name, count in splits[-1].counts().items())
        print(f"{split}: {len(splits[-1])} pictures ({counts})")
    return splits[0], splits[1]


def _build(config, resume: bool):
    model = build_model(config)
    if config.MODEL.PRETRAINED and not resume:
        report = load_pretrained(model, config.MODEL.PRETRAINED)
        reasons = "; ".join(f"{count} {reason}" for reason, count in Counter(report.left_out.values()).items())
        print(
            f"{config.MODEL.PRETRAINED}: names of {report.origin}, {len(report.used) + len(report.renamed)} tensors used, "
            f"{len(report.missing)} missing, left out: {reasons or 'none'}"
        )
    parameters = sum(parameter.size for parameter in trainable(model).values())
    decayed, spared = count_decayed(model)
    print(f"{config.MODEL.NAME}: {parameters:,} parameters; weight decay on {decayed} tensors, none on {spared}")
    return model


def _train_epoch(run, config, stepper, ema, data, teachers, order, steps_per_epoch, progress) -> None:
    epoch, first = divmod(progress.step, steps_per_epoch)
    begin, before = time.perf_counter(), progress.seconds
    title = f"epoch {epoch + 1}/{config.TRAIN.EPOCHS}"
    with tqdm(total=steps_per_epoch, initial=first, desc=title, unit="step", mininterval=1.0, dynamic_ncols=True) as bar:
        for crops, targets in teachers.teach(training_batches(data, order, config, epoch, first)):
            # Dropout draws from a state that is a function of the step alone, so that a resumed run repeats it.
            paddle.seed(config.SEED * 1_000_003 + progress.step)
            loss = stepper(crops, targets)
            position = progress.step % steps_per_epoch * config.TRAIN.BATCH_SIZE
            if not math.isfinite(loss):
                names = [data.name(i) for i in order[position : position + config.TRAIN.BATCH_SIZE]]
                raise UserError(f"the loss became {loss} at step {progress.step}; lower TRAIN.BASE_LR, or look at {', '.join(names)}")
            if config.TRAIN.EMA_DECAY:
                ema.update(stepper.weights())
            progress.step += 1
            progress.loss_sum += loss
            progress.seconds = before + time.perf_counter() - begin
            bar.update()
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if progress.step % config.TRAIN.SAVE_EVERY == 0 and progress.step % steps_per_epoch:
                _save(run, config, stepper, ema, progress)


def _finish_epoch(run, config, model, stepper, ema, data, order, held_out, steps_per_epoch, progress) -> None:
    """Validates, writes the epoch's row and curve, keeps the best weights and the checkpoint."""
    model.set_state_dict(ema.weights if config.TRAIN.EMA_DECAY else stepper.weights())
    few = order[: STATISTICS_BATCHES * config.TRAIN.BATCH_SIZE]
    measure_statistics(model, training_batches(data, few, config, progress.step // steps_per_epoch - 1))
    scores = validate(model, held_out, config.DATA.CROP_SIZE)
    for pictures in (data, held_out):
        if pictures.damaged:
            print(f"damaged pictures left out so far: {len(pictures.damaged)}, such as {next(iter(pictures.damaged.values()))}")
    row = {
        "epoch": progress.step // steps_per_epoch,
        "steps": progress.step,
        "loss": round(progress.loss_sum / steps_per_epoch, 5),
        "lr": round(stepper.optimizer.get_lr(), 8),
        "val_accuracy": round(scores.accuracy, 5),
        "val_macro_f1": round(scores.macro_f1, 5),
        "seconds": round(progress.seconds, 1),
    }
    progress.rows.append(row)
    print("  ".join(f"{name} {value:.5g}" for name, value in row.items()))
    place = sum(score >= scores.macro_f1 for score in progress.best)
    if place < config.TRAIN.KEEP:
        progress.best = [*progress.best[:place], scores.macro_f1, *progress.best[place:]][: config.TRAIN.KEEP]
        for number in range(len(progress.best) - 1, place, -1):
            if _best(run, number - 1).exists():
                _best(run, number - 1).replace(_best(run, number))
        note = {"config": config.dump(), "git_sha": progress.git_sha, "validation": row, "classes": list(held_out.names), "teachers": progress.teachers}
        save_checkpoint(_best(run, place), {name: value.numpy() for name, value in model.state_dict().items()}, note)
    with atomic_path(run / "metrics.csv") as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(progress.rows)
    with atomic_path(run / "curves.png") as path:
        draw_curves(progress.rows, f"{config.NAME}: {config.STAGE} stage on {config.DATA.NAME}", path)
    progress.loss_sum = progress.seconds = 0.0
    # Last, so that whatever a kill leaves undone is done again on resuming.
    _save(run, config, stepper, ema, progress)


def _best(run: Path, place: int) -> Path:
    return run / (f"best-{place + 1}.safetensors" if place else "best.safetensors")


def _exhausted(progress: Progress, patience: int) -> bool:
    """Whether the last `patience` epochs brought nothing better."""
    scores = [row["val_macro_f1"] for row in progress.rows]
    return patience > 0 and len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])


def _save(run, config, stepper, ema, progress) -> None:
    arrays = stepper.state() | {_EMA + name: np.asarray(value) for name, value in ema.weights.items()}
    note = {"progress": dataclasses.asdict(progress), "ema_steps": ema.steps, "config": config.dump()}
    save_checkpoint(run / "last.safetensors", arrays, note)


def _comparable(config) -> str:
    """The config without the places of files, which may move between two parts of a run."""
    tree = config.clone()
    tree.defrost()
    tree.OUTPUT = tree.DATA.ROOT = tree.MODEL.PRETRAINED = ""
    tree.TRAIN.TEACHERS = []
    return tree.dump()


def _resume(run, config, stepper, ema, teachers) -> Progress:
    arrays, note = load_checkpoint(run / "last.safetensors")
    theirs, ours = (_comparable(tree) for tree in (parse_config(note.get("config", "")), config))
    if theirs != ours:
        changed = "; ".join(line.strip() for line in sorted(set(theirs.splitlines()) ^ set(ours.splitlines())))
        raise UserError(
            f"{run / 'last.safetensors'} was trained with another config ({changed}): resume with its own, {run / 'config.yaml'}"
        )
    weights = {name.removeprefix(_EMA): value for name, value in arrays.items() if name.startswith(_EMA)}
    progress = Progress(**note["progress"])
    if teachers != progress.teachers:
        names = ", ".join(f"{teacher['name']} {teacher['sha256'][:12]}" for teacher in progress.teachers) or "none"
        raise UserError(f"{run / 'last.safetensors'} was trained with other teachers: expected in TRAIN.TEACHERS {names}")
    if git_sha() not in progress.git_sha:
        progress.git_sha += f", then {git_sha()}"
    stepper.load_state({name: value for name, value in arrays.items() if not name.startswith(_EMA)}, progress.step)
    ema.weights = {name: value if isinstance(ema.weights[name], np.ndarray) else paddle.to_tensor(value) for name, value in weights.items()}
    ema.steps = note["ema_steps"]
    return progress
