# SPDX-License-Identifier: Apache-2.0
"""One training step, in two forms with one surface: eager (any device), and a static program for the CPU.

oneDNN serves static programs only, and makes a step of the lite network nearly twice as fast on two cores.
"""

from contextlib import contextmanager, nullcontext

import numpy as np
import paddle

from ...backbones import family_of
from ..support.process_group import ALONE, Group
from ..weights.model import build_model
from .losses import soft_cross_entropy
from .optim import SLOTS, build_optimizer, trainable

_OPTIMIZER, _SCALER = "optimizer.", "scaler."


class EagerStep:
    """Trains in eager mode on whatever device Paddle is set to, alone or with the other processes of `group`.

    `model` gives the initial weights and is left alone. The loss adds `adjustment`, float32 [C], to the logits. Between GPUs batch
    normalisation takes its statistics over the whole batch; Paddle has no such layer for CPUs, where each process takes its own part's.
    """

    def __init__(self, config, model, steps_per_epoch: int, group: Group = ALONE, adjustment: np.ndarray | None = None):
        self._adjustment = adjustment
        self._smoothing, self._parts, self._group = config.TRAIN.LABEL_SMOOTHING, config.TRAIN.ACCUMULATE, group
        if paddle.get_device() == "cpu":
            # Views are copied element by element wherever a kernel needs plain memory: Swin's transposes take half of a step with them.
            paddle.set_flags({"FLAGS_use_stride_kernel": False})
        self.model = build_model(config)
        self.model.set_state_dict(model.state_dict())
        if group.size > 1 and paddle.get_device() != "cpu":
            self.model = paddle.nn.SyncBatchNorm.convert_sync_batchnorm(self.model)
        self._parallel = group.parallel(self.model)
        self.optimizer = build_optimizer(config, self.model, steps_per_epoch)
        # Autocast does nothing on the CPU.
        self._amp = "none" if paddle.get_device() == "cpu" else config.TRAIN.AMP
        self._optimizer_name = config.TRAIN.OPTIMIZER
        self._scaler = paddle.amp.GradScaler(enable=self._amp == "float16")

    def __call__(self, crops: np.ndarray, targets: np.ndarray) -> float:
        """One step on this process's crops uint8 [N, S, S, 3] and targets float32 [N, C]; returns the loss of the whole batch."""
        self.model.train()
        total = 0.0
        for number in range(self._parts):
            # Gradients travel once, with the last part.
            silent = self._group.size > 1 and number < self._parts - 1
            with self._parallel.no_sync() if silent else nullcontext():
                total += self._backward(*(np.split(array, self._parts)[number] for array in (crops, targets)))
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.optimizer.clear_grad()
        self.optimizer._learning_rate.step()
        return self._group.mean(total)

    def _backward(self, crops, targets) -> float:
        with paddle.amp.auto_cast(enable=self._amp != "none", dtype="float16" if self._amp == "float16" else "bfloat16"):
            logits = self._parallel(paddle.to_tensor(crops))
        loss = soft_cross_entropy(logits.astype("float32"), paddle.to_tensor(targets), self._smoothing, self._adjustment) / self._parts
        self._scaler.scale(loss).backward()
        return float(loss)

    def weights(self) -> dict:
        """Copies of the model's parameters and buffers by name."""
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later run needs to go on as this one would: weights and optimiser slots, as arrays."""
        state = {name: value.numpy() for name, value in self.model.state_dict().items()}
        slots = self._slot_names()
        for key, value in self.optimizer.state_dict().items():
            if key in slots:
                state[_OPTIMIZER + slots[key]] = value.numpy()
        if self._scaler.is_enable():
            state |= {_SCALER + name: np.asarray(value) for name, value in self._scaler.state_dict().items()}
        return state

    def load_state(self, state: dict[str, np.ndarray], step: int) -> None:
        """Restores what `state` gave, at global step `step`."""
        self.model.set_state_dict({n: v for n, v in state.items() if not n.startswith((_OPTIMIZER, _SCALER))})
        slots = {ours: theirs for theirs, ours in self._slot_names().items()}
        stored = {slots[n[len(_OPTIMIZER) :]]: v for n, v in state.items() if n.startswith(_OPTIMIZER)}
        self.optimizer.set_state_dict({**stored, "LR_Scheduler": {"last_epoch": step, "last_lr": 0.0}})
        self.optimizer._learning_rate.step(step)
        if self._scaler.is_enable():
            stored = {n.removeprefix(_SCALER): v for n, v in state.items() if n.startswith(_SCALER)}
            self._scaler.load_state_dict({name: value if value.ndim else value.item() for name, value in stored.items()})

    def _slot_names(self) -> dict[str, str]:
        """Paddle's slot names, which hold the process's counters -> names from the model's structure."""
        return {
            f"{parameter.name}_{slot}": f"{name}.{slot}"
            for name, parameter in trainable(self.model).items()
            for slot in SLOTS[self._optimizer_name]
        }


class StaticStep:
    """The same step as a static program on the CPU, in one process; `model` is the eager twin that gives the initial weights."""

    def __init__(self, config, model, steps_per_epoch: int, group: Group = ALONE, adjustment: np.ndarray | None = None):
        with _static_mode():
            self._program, startup = paddle.static.Program(), paddle.static.Program()
            with paddle.static.program_guard(self._program, startup):
                size = config.DATA.CROP_SIZE
                crops = paddle.static.data("crops", [config.TRAIN.BATCH_SIZE, size, size, 3], "uint8")
                twin = build_model(config)
                twin.train()
                logits = twin(crops)
                targets = paddle.static.data("targets", [config.TRAIN.BATCH_SIZE, logits.shape[-1]], "float32")
                self._loss = soft_cross_entropy(logits, targets, config.TRAIN.LABEL_SMOOTHING, adjustment)
                self.optimizer = build_optimizer(config, twin, steps_per_epoch)
                self.optimizer.minimize(self._loss)
            names = {name: variable.name for name, variable in twin.state_dict().items()}
            slots = {
                f"{_OPTIMIZER}{name}.{slot}": f"{parameter.name}_{slot}"
                for name, parameter in trainable(twin).items()
                for slot in SLOTS[config.TRAIN.OPTIMIZER]
            }
            self._scope = paddle.static.Scope()
            self._executor = paddle.static.Executor(paddle.CPUPlace())
            with paddle.static.scope_guard(self._scope):
                self._executor.run(startup)
        self._variables = {name: self._scope.find_var(variable).get_tensor() for name, variable in {**names, **slots}.items()}
        self._weight_names = tuple(names)
        self._set({name: value.numpy() for name, value in model.state_dict().items()})

    def __call__(self, crops: np.ndarray, targets: np.ndarray) -> float:
        """One step on crops uint8 [N, S, S, 3] and targets float32 [N, C]; returns the loss."""
        with _static_mode(), paddle.static.scope_guard(self._scope):
            feed = {"crops": crops, "targets": targets}
            (loss,) = self._executor.run(self._program, feed=feed, fetch_list=[self._loss])
        self.optimizer._learning_rate.step()
        return float(loss)

    def weights(self) -> dict:
        """Copies of the model's parameters and buffers by name."""
        return {name: np.array(self._variables[name]) for name in self._weight_names}

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later run needs to go on as this one would: weights and optimiser slots, as arrays."""
        return {name: np.array(tensor) for name, tensor in self._variables.items()}

    def load_state(self, state: dict[str, np.ndarray], step: int) -> None:
        """Restores what `state` gave, at global step `step`."""
        self._set(state)
        self.optimizer._learning_rate.step(step)

    def _set(self, arrays: dict[str, np.ndarray]) -> None:
        for name, value in arrays.items():
            self._variables[name].set(value, paddle.CPUPlace())


def choose_step(config, device: str, group: Group = ALONE) -> type:
    """The faster form that works: a static program where the backbone trains right in one, in one process on a CPU.

    Paddle 3.3's clipping by global norm crashes in a static program with oneDNN. Where crops are resized, a program takes half of eager
    mode's time on one machine and more than it on another (docs/paddle-version.md).
    """
    train = config.TRAIN
    # In oneDNN's training a single picture fails, too.
    plain = not train.GRAD_CLIP and train.BATCH_SIZE > 1 and train.ACCUMULATE == 1 and group.size == 1
    return StaticStep if device == "cpu" and plain and family_of(config.MODEL.NAME).trains_in_program else EagerStep


@contextmanager
def _static_mode():
    # Only here: with the flag set, exported and traced programs come out wrong (Paddle 3.2.2 and 3.3.1).
    paddle.set_flags({"FLAGS_use_mkldnn": True})
    paddle.enable_static()
    try:
        yield
    finally:
        paddle.disable_static()
        paddle.set_flags({"FLAGS_use_mkldnn": False})
