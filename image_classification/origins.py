# SPDX-License-Identifier: Apache-2.0
"""Foreign checkpoints: how to tell where one comes from, and how its tensor names become ours."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# PyTorch counts batches; Paddle does not, and nothing uses the count.
_COUNTER = (r".*\.num_batches_tracked", "a counter that Paddle does not keep")
_STATISTICS = ((r"\.running_mean$", "._mean"), (r"\.running_var$", "._variance"))


@dataclass(frozen=True)
class Origin:
    """One library's checkpoints of one family.

    name: as shown to the user. marks: regular expressions, each of which must match some tensor name from its beginning, and which
    together match no other origin's. renames: (regular expression, replacement or function of the match), applied to every name in
    order by re.sub; PyTorch's batch-norm statistics are renamed for all. left_out: (regular expression for the whole foreign name,
    reason). zeros: regular expressions for whole names of ours that their network does without, which is the same as zeros.
    normalize: what its networks saw in training, a choice of MODEL.NORMALIZE; None where that is not known.
    torch: linear weights are stored [out, in] as PyTorch does, not [in, out] as Paddle does; where their shapes say otherwise, the
    shapes count.
    """

    name: str
    marks: tuple[str, ...]
    renames: tuple[tuple[str, str | Callable[[re.Match], str]], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    zeros: tuple[str, ...] = ()
    normalize: str | None = "imagenet"
    torch: bool = True

    def matches(self, names: Iterable[str]) -> bool:
        """Whether tensors called `names` come from here."""
        names = tuple(names)
        return all(any(re.match(mark, name) for name in names) for mark in self.marks)

    def rename(self, name: str) -> str:
        """Our name of their tensor `name`."""
        for pattern, replacement in (*self.renames, *_STATISTICS):
            name = re.sub(pattern, replacement, name)
        return name

    def is_zero(self, ours: str) -> bool:
        """Whether our tensor `ours` is zeros for a network from here."""
        return any(re.fullmatch(pattern, ours) for pattern in self.zeros)

    def reason_to_leave_out(self, name: str) -> str | None:
        """Why their tensor `name` has no place here; None for one that has."""
        return next((reason for pattern, reason in (*self.left_out, _COUNTER) if re.fullmatch(pattern, name)), None)
