# SPDX-License-Identifier: Apache-2.0
"""Training of one stage from a config: the numbered steps of PaddleViT's entry script, as functions."""

import dataclasses
import math
import os
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import paddle
from tqdm import tqdm

from ..config import parse_config
from ..data.datasets import StageData, load_split
from ..data.loader import training_batches
from ..data.samplers import epoch_order, repeat_factors
from ..support.errors import UserError
from ..support.files import git_sha
from ..support.interrupts import on_first_interrupt
from ..support.process_group import ALONE, Group
from ..weights.checkpoint import load_checkpoint, load_pretrained
from ..weights.model import build_model
from ..weights.paper_starts import PAPER_STARTS
from .compiled import compile_network
from .config_differences import config_differences
from .ema import Ema
from .losses import logit_adjustment
from .optim import count_decayed, trainable
from .run_folder import RunFolder
from .run_progress import Progress
from .steps import choose_step
from .teachers import Teachers
from .validation import STATISTICS_BATCHES, measure_statistics, validate

_EMA = "ema."
# A loss so many times that of a guess by chance, log(classes), has exploded.
EXPLODED = 1e4
# Paddle's generator takes so many.
_SEEDS = 2**63


def train(config, device: str, resume: bool = False, group: Group = ALONE) -> Path:
    """Trains `config.STAGE` and returns the run's folder, which `RunFolder` describes.

    best.safetensors holds the averaged weights of the epoch with the best validation macro-F1. The processes of `group` share each
    batch; one of them writes, and to resume all read its folder. resume: a run that was ended before its first checkpoint begins again.
    One process alone keeps what it has when it is interrupted, and raises KeyboardInterrupt then. Raises UserError for bad data or
    options and for a loss that is no longer finite or has exploded.
    """
    _check_options(config, device, group)
    folder = RunFolder(config)
    with folder.claimed(resume) if group.leads else nullcontext():
        run = _Training(config, device, folder, resume and folder.last.exists(), group)
        # Several processes would wait for each other's gradients.
        with on_first_interrupt(run.end_soon) if group is ALONE else nullcontext():
            run.train()
    return folder.path


class _Training:
    """One run in one process: what its steps share."""

    def __init__(self, config, device, folder, resume, group):
        self.config, self.device, self.folder, self.group = config, device, folder, group
        self.data, self.held_out = _load_data(config, self.say)
        paddle.seed(config.SEED)
        self.model = _build(config, resume, self.say)
        self.factors = repeat_factors(self.data.labels, config.DATA.REPEAT_THRESHOLD)
        self.epoch_steps = round(self.factors.sum()) // config.TRAIN.BATCH_SIZE
        if not self.epoch_steps:
            raise UserError(f"TRAIN.BATCH_SIZE {config.TRAIN.BATCH_SIZE} is more than the {len(self.data)} training pictures; lower it")
        self.teachers = Teachers(config, device, group)
        for teacher in self.teachers.origin:
            score, sha = (teacher["validation"] or {}).get("val_macro_f1"), teacher["sha256"][:12]
            self.say(f"teacher {teacher['name']}: validation macro-F1 {'unknown' if score is None else f'{score:.3f}'}, sha256 {sha}")
        tau = config.TRAIN.LOGIT_ADJUSTMENT
        adjustment = logit_adjustment(self.data.targets, self.factors, tau) if tau else None
        self.stepper = choose_step(config, device, group)(config, self.model, self.epoch_steps, group, adjustment)
        self.ema = Ema(self.stepper.weights(), config.TRAIN.EMA_DECAY)
        self.progress = Progress(teachers=self.teachers.origin)
        self.ends_soon = False
        if resume:
            self._resume()

    def end_soon(self) -> None:
        """Ends the run after the step in hand, with a checkpoint."""
        self.ends_soon = True
        # Not by print, in whose midst a signal may come.
        os.write(2, b"\nending after this step, with a checkpoint; a second Ctrl-C ends at once, without a checkpoint\n")

    def say(self, line: str) -> None:
        """Prints a line, once for all processes."""
        if self.group.leads:
            print(line)

    def train(self) -> None:
        config, progress, steps = self.config, self.progress, self.epoch_steps
        processes = f" in {self.group.size} processes" if self.group.size > 1 else ""
        total = config.TRAIN.EPOCHS * steps
        self.began, self.first = time.perf_counter(), progress.step
        self.say(f"training on {self.device}{processes} from step {progress.step} of {total}, {steps} an epoch")
        while progress.step < total and not _exhausted(progress, config.TRAIN.PATIENCE):
            order = epoch_order(self.factors, config.SEED, progress.step // steps)
            self._train_epoch(order)
            if progress.step % steps == 0:
                self._finish_epoch(order)
            if self.ends_soon and progress.step < total and not _exhausted(progress, config.TRAIN.PATIENCE):
                self.say(f"ended at step {progress.step} of {total}: -resume goes on from there")
                raise KeyboardInterrupt

    def _train_epoch(self, order) -> None:
        config, progress = self.config, self.progress
        epoch, first = divmod(progress.step, self.epoch_steps)
        begin, before = time.perf_counter(), progress.seconds
        batches = training_batches(self.data, order, config, epoch, first, self.group)
        look = {"desc": f"epoch {epoch + 1}/{config.TRAIN.EPOCHS}", "unit": "step", "mininterval": 1.0, "dynamic_ncols": True}
        with tqdm(total=self.epoch_steps, initial=first, disable=not self.group.leads, **look) as bar:
            for crops, targets in self.teachers.teach(batches):
                # Dropout draws from a state that is a function of step and process alone, so that a resumed run repeats it.
                paddle.seed(((config.SEED * 1_000_003 + progress.step) * self.group.size + self.group.rank) % _SEEDS)
                loss = self._step(crops, targets)
                self._check_loss(loss, order)
                if config.TRAIN.EMA_DECAY:
                    self.ema.update(self.stepper.weights())
                progress.step += 1
                progress.loss_sum += loss
                progress.seconds = before + time.perf_counter() - begin
                bar.update()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                ends = self.ends_soon
                if (ends or progress.step % config.TRAIN.SAVE_EVERY == 0) and progress.step % self.epoch_steps:
                    self._save()
                if ends:
                    break

    def _step(self, crops, targets) -> float:
        try:
            return self.stepper(crops, targets)
        except MemoryError as error:
            train = self.config.TRAIN
            raise UserError(
                f"the {self.device}'s memory is too small for a step of {train.BATCH_SIZE} pictures in {train.ACCUMULATE} parts: raise "
                "TRAIN.ACCUMULATE, which computes the same, or lower TRAIN.BATCH_SIZE"
            ) from error

    def _check_loss(self, loss: float, order) -> None:
        if math.isfinite(loss) and loss < EXPLODED * math.log(len(self.data.names)):
            return
        batch = self.config.TRAIN.BATCH_SIZE
        position = self.progress.step % self.epoch_steps * batch
        names = ", ".join(self.data.name(i) for i in order[position : position + batch])
        raise UserError(f"the loss became {loss:.4g} at step {self.progress.step}; lower TRAIN.BASE_LR, or look at {names}")

    def _finish_epoch(self, order) -> None:
        """Validates, writes the epoch's row and curve, keeps the best weights and the checkpoint."""
        config, progress, group = self.config, self.progress, self.group
        epoch = progress.step // self.epoch_steps
        self.model.set_state_dict(self.ema.weights if config.TRAIN.EMA_DECAY else self.stepper.weights())
        few = order[: STATISTICS_BATCHES * config.TRAIN.BATCH_SIZE]
        measure_statistics(self.model, training_batches(self.data, few, config, epoch - 1, group=group), group)
        network = build_model(config)
        network.set_state_dict(self.model.state_dict())
        scores = validate(compile_network(network, self.device), self.held_out, config.DATA.CROP_SIZE, group)
        for pictures in (self.data, self.held_out):
            if pictures.damaged:
                self.say(f"damaged pictures left out so far: {len(pictures.damaged)}, such as {next(iter(pictures.damaged.values()))}")
        row = {
            "epoch": epoch,
            "steps": progress.step,
            "loss": round(progress.loss_sum / self.epoch_steps, 5),
            "lr": round(self.stepper.optimizer.get_lr(), 8),
            **scores.as_validation(),
            "seconds": round(progress.seconds, 1),
        }
        progress.rows.append(row)
        left = config.TRAIN.EPOCHS * self.epoch_steps - progress.step
        to_go = time_to_go(time.perf_counter() - self.began, progress.step - self.first, left)
        self.say("  ".join(f"{name} {value:.5g}" for name, value in row.items()) + to_go)
        if group.leads:
            note = {"config": config.dump(), "git_sha": progress.git_sha, "validation": row, "classes": list(self.data.names)}
            weights = {name: value.numpy() for name, value in self.model.state_dict().items()}
            self.folder.keep_best(progress.rows, weights, note | {"teachers": progress.teachers})
            self.folder.write_rows(progress.rows)
        progress.loss_sum = progress.seconds = 0.0
        # Last, so that whatever a kill leaves undone is done again on resuming.
        self._save()

    def _save(self) -> None:
        if self.group.leads:
            arrays = self.stepper.state() | {_EMA + name: np.asarray(value) for name, value in self.ema.weights.items()}
            note = {"progress": dataclasses.asdict(self.progress), "ema_steps": self.ema.steps, "config": self.config.dump()}
            self.folder.save_last(arrays, note)

    def _resume(self) -> None:
        arrays, note = load_checkpoint(self.folder.last)
        theirs, ours = parse_config(note.get("config", "")), self.config
        changed = config_differences(theirs, ours)
        more = theirs.TRAIN.EPOCHS < ours.TRAIN.EPOCHS
        if more:
            changed.pop("TRAIN.EPOCHS")
        if changed:
            values = "; ".join(f"{name}: {its!r} in the run, {own!r} here" for name, (its, own) in changed.items())
            place = self.folder.path / "config.yaml"
            raise UserError(f"{self.folder.last} was trained with another config ({values}): resume with its own, {place}")
        try:
            self.progress = Progress.of_note(note.get("progress"))
        except ValueError as error:
            raise self._no_part(str(error)) from error
        if self.teachers.origin != self.progress.teachers:
            names = ", ".join(f"{teacher['name']} {teacher['sha256'][:12]}" for teacher in self.progress.teachers) or "none"
            raise UserError(f"{self.folder.last} was trained with other teachers: expected in TRAIN.TEACHERS {names}")
        if git_sha() not in self.progress.git_sha:
            self.progress.git_sha += f", then {git_sha()}"
        expected = self.stepper.state() | {_EMA + name: value for name, value in self.ema.weights.items()}
        for name, value in expected.items():
            if name not in arrays or arrays[name].shape != tuple(value.shape):
                raise self._no_part(f"its tensor {name} is missing or of another shape")
        if type(note.get("ema_steps")) is not int or note["ema_steps"] < 0:
            raise self._no_part("its ema_steps is malformed")
        own = {name: value for name, value in arrays.items() if not name.startswith(_EMA)}
        try:
            self.stepper.load_state(own, self.progress.step)
        except KeyError as error:
            raise self._no_part(f"its tensor {error} belongs to no part of the run") from error
        for name, value in self.ema.weights.items():
            stored = arrays[_EMA + name]
            self.ema.weights[name] = stored if isinstance(value, np.ndarray) else paddle.to_tensor(stored)
        self.ema.steps = note["ema_steps"]
        if more:
            self.say(f"TRAIN.EPOCHS {theirs.TRAIN.EPOCHS} -> {ours.TRAIN.EPOCHS}: from here on the learning rate is that of the longer run")
            if self.group.leads:
                self.folder.write_config()

    def _no_part(self, reason: str) -> UserError:
        return UserError(f"{self.folder.last}: expected the checkpoint of a run, found that {reason}: choose another -out")


def _check_options(config, device: str, group: Group) -> None:
    train = config.TRAIN
    if train.AMP != "none" and device == "cpu" and group.leads:
        print(f"warning: TRAIN.AMP {train.AMP} is for GPUs: on this CPU the network computes in float32")
    if train.AMP == "bfloat16" and device == "gpu" and not paddle.amp.is_bfloat16_supported():
        raise UserError("TRAIN.AMP bfloat16: expected a GPU that computes in it (Ampere or later), found an older one: use float16")
    if train.BATCH_SIZE % (group.size * train.ACCUMULATE):
        parts = f"{group.size} processes x TRAIN.ACCUMULATE {train.ACCUMULATE}"
        raise UserError(f"TRAIN.BATCH_SIZE {train.BATCH_SIZE}: expected a multiple of {parts}, which share a batch: change one of them")


def _load_data(config, say) -> tuple[StageData, StageData]:
    splits = []
    for split in ("train", "val"):
        splits.append(load_split(config, split))
        counts = splits[-1].counts()
        say(f"{split}: {len(splits[-1])} pictures ({', '.join(f'{name} {count}' for name, count in counts.items())})")
    missing = ", ".join(name for name, count in counts.items() if not count)
    if missing:
        say(f"warning: validation has no picture of {missing}: its F1 counts 0, as ABAW counts it")
    return splits[0], splits[1]


def _build(config, resume: bool, say):
    model = build_model(config)
    start = PAPER_STARTS.get(config.MODEL.NAME)
    if start and not config.MODEL.PRETRAINED and not resume:
        say(
            f"warning: MODEL.PRETRAINED is empty, so {config.MODEL.NAME} begins with random weights; the paper begins with weights that "
            f"were trained on MS-Celeb-1M: {start}"
        )
    if config.MODEL.PRETRAINED and not resume:
        report = load_pretrained(model, config.MODEL.PRETRAINED)
        reasons = "; ".join(f"{count} {reason}" for reason, count in Counter(report.left_out.values()).items())
        say(
            f"{config.MODEL.PRETRAINED}: names of {report.origin}, {len(report.used) + len(report.renamed)} tensors used, "
            f"{len(report.missing)} missing, left out: {reasons or 'none'}"
        )
    parameters = sum(parameter.size for parameter in trainable(model).values())
    decayed, spared = count_decayed(model)
    say(f"{config.MODEL.NAME}: {parameters:,} parameters; weight decay on {decayed} tensors, none on {spared}")
    return model


def time_to_go(elapsed_s: float, done: int, left: int) -> str:
    """Words on how long `left` steps take, validation included, when `done` took `elapsed_s`; none below a minute."""
    minutes = elapsed_s / done * left / 60
    return f"  ({minutes:.0f} min to go)" if minutes >= 1 else ""


def _exhausted(progress: Progress, patience: int) -> bool:
    """Whether the last `patience` epochs brought nothing better."""
    scores = [row["val_macro_f1"] for row in progress.rows]
    return patience > 0 and len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])
