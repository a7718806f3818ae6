# SPDX-License-Identifier: Apache-2.0
"""Pickles as plain data: Python's own unpickler in Python, without what runs code or takes memory before it is there."""

import pickle
import struct
from collections.abc import Callable, Mapping
from typing import ClassVar

# A tensor takes some forty steps.
MOST_STEPS = 400_000
_LONGEST_NUMBER, _LONGEST_LINE = 64, 4096


class ForbiddenPickle(pickle.UnpicklingError):
    """A pickle that asks for something a file of weights has no use for."""


class BoundedFile:
    """Reads of a file of `size` bytes, from where it stands, no more bytes than are left, and no more than MOST_STEPS times."""

    def __init__(self, file, size: int):
        self._file, self._left, self._steps = file, size - file.tell(), MOST_STEPS

    def read(self, count: int) -> bytes:
        """The next `count` bytes; raises EOFError where fewer are left."""
        self._steps -= 1
        if self._steps < 0:
            raise pickle.UnpicklingError(f"more than {MOST_STEPS} steps")
        if not 0 <= count <= self._left:
            raise EOFError(f"a length of {count} bytes where {self._left} are left")
        self._left -= count
        return self._file.read(count)

    def readline(self) -> bytes:
        """The next line, of numbers and names as old protocols write them."""
        line = self._file.readline(_LONGEST_LINE)
        self._left -= len(line)
        self._steps -= 1
        return line


# The unpickler in C takes memory for a length or a number of a memo before it looks what follows.
class PlainUnpickler(pickle._Unpickler):
    """Builds dictionaries (with texts and whole numbers as keys), lists, tuples, texts, bytes, numbers, and what `known` calls are.

    known: what stands for each (module, name) that may be called. storage: gives what a persistent id means. `load` raises ForbiddenPickle
    for any other name, and several errors for a damaged pickle.
    """

    dispatch: ClassVar[dict] = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: BoundedFile, known: Mapping[tuple[str, str], object], storage: Callable | None = None):
        super().__init__(file, encoding="latin1")
        self._known, self._storage, self._bounded = known, storage, file

    def find_class(self, module, name):
        """What stands for a name."""
        if (module, name) not in self._known:
            raise ForbiddenPickle(f"{module}.{name}"[:80])
        return self._known[module, name]

    def persistent_load(self, pid):
        """What a persistent id means."""
        if self._storage is None:
            raise ForbiddenPickle("an outside object")
        return self._storage(pid)

    def _skip_frame(self):
        # What is in a frame is read as if there were none, so that all steps are counted.
        self.read(8)

    def _build(self):
        state = self.stack.pop()
        keeper = self.stack[-1]
        # PyTorch adds attributes to its dictionaries.
        if not isinstance(keeper, dict):
            if isinstance(keeper, type) or not hasattr(keeper, "__setstate__"):
                raise ForbiddenPickle("a state of something that has none")
            keeper.__setstate__(state)

    def _set_item(self):
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def _set_items(self):
        self._put(self.pop_mark())

    def _put(self, items):
        target = self.stack[-1]
        # Anything else as a key would be hashed with all that it holds, again and again.
        if not isinstance(target, dict) or not all(isinstance(key, str | int) for key in items[::2]):
            raise ForbiddenPickle("keys that weights do not have")
        target.update(zip(items[::2], items[1::2], strict=True))

    def _dict(self):
        items = self.pop_mark()
        self.append({})
        self._put(items)

    def _append(self):
        self._extend([self.stack.pop()])

    def _appends(self):
        self._extend(self.pop_mark())

    def _extend(self, items):
        if not isinstance(self.stack[-1], list):
            raise ForbiddenPickle("an addition to something else than a list")
        self.stack[-1].extend(items)

    def _bytearray(self):
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))

    def _long(self):
        (size,) = struct.unpack("<i", self.read(4))
        if not 0 <= size <= _LONGEST_NUMBER:
            raise pickle.UnpicklingError(f"a number of {size} bytes")
        self.append(int.from_bytes(self.read(size), "little", signed=True))

    def _reduce(self):
        arguments, call = self.stack.pop(), self.stack[-1]
        if not callable(call) or not isinstance(arguments, tuple):
            raise ForbiddenPickle("a call of something else than a known name")
        self.stack[-1] = call(*arguments)

    def _refuse(self):
        raise ForbiddenPickle("a step that weights do not need")

    _OWN: ClassVar[dict] = {
        pickle.FRAME: _skip_frame,
        pickle.BUILD: _build,
        pickle.SETITEM: _set_item,
        pickle.SETITEMS: _set_items,
        pickle.DICT: _dict,
        pickle.APPEND: _append,
        pickle.APPENDS: _appends,
        pickle.BYTEARRAY8: _bytearray,
        pickle.LONG4: _long,
        pickle.REDUCE: _reduce,
        **dict.fromkeys((pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4), _refuse),
        **dict.fromkeys((pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER), _refuse),
    }
    dispatch |= {code[0]: step for code, step in _OWN.items()}
