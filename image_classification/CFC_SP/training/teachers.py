# SPDX-License-Identifier: Apache-2.0
"""Distillation: trained networks give a share of the target, for the very crop that the student sees (Beyer et al., CVPR 2022)."""

from collections.abc import Iterable, Iterator

import numpy as np

from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.malloc import share_one_arena
from ..support.process_group import ALONE, Group
from ..weights.trained import load_trained
from .compiled import compile_network


class Teachers:
    """The networks of TRAIN.TEACHERS; none is a valid number of them.

    origin: the name, sha256 and validation scores of each. Raises UserError for a file that is no checkpoint of this stage and for
    crops of another size.
    """

    def __init__(self, config, device: str, group: Group = ALONE):
        train = config.TRAIN
        self._share, self._temperature = train.TEACHER_SHARE, train.TEACHER_TEMPERATURE
        self._networks, self.origin = [], []
        if train.TEACHERS:
            share_one_arena()
        for path in train.TEACHERS:
            teacher = load_trained(path, config.STAGE)
            if teacher.config.DATA.CROP_SIZE != config.DATA.CROP_SIZE:
                sizes = f"{config.DATA.CROP_SIZE} px, found {teacher.config.DATA.CROP_SIZE} px"
                raise UserError(f"TRAIN.TEACHERS: {path}: expected a network for crops of {sizes}: teachers see the student's crops")
            if teacher.config.DATA.ALIGN != config.DATA.ALIGN:
                found = f"{config.DATA.ALIGN}, found {teacher.config.DATA.ALIGN}"
                raise UserError(f"TRAIN.TEACHERS: {path}: expected DATA.ALIGN {found}: teachers see the student's crops")
            self._networks.append(compile_network(teacher.model, device, train.BATCH_SIZE // group.size))
            self.origin.append({"name": teacher.config.NAME, "sha256": sha256_of(path), "validation": teacher.note["validation"]})

    def teach(self, batches: Iterable[tuple]) -> Iterator[tuple]:
        """The loader's batches with TEACHER_SHARE of each target taken from the teachers.

        A target is (1 - share) x the votes' + share x the mean over the teachers of softmax(logits / temperature), float32 [B, C].
        """
        if not self._networks:
            return iter(batches)
        # Never beside a training step: on the CPU both compute with oneDNN, whose last bits then depend on what ran when.
        return map(self._mix, batches)

    def _mix(self, batch: tuple) -> tuple:
        crops, targets = batch
        opinions = np.mean([_softmax(network(crops) / self._temperature) for network in self._networks], axis=0)
        return crops, (targets * (1 - self._share) + opinions * self._share).astype(np.float32)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Of each row, float64 [N, C]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
