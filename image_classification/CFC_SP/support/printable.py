# SPDX-License-Identifier: Apache-2.0
"""Text from outside, such as names in files, as a terminal may safely show it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# Control characters, which move the cursor, clear lines or set titles; those that turn the direction of writing; halves of characters,
# as file names have that are no text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What progress bars need: back to the beginning of the line, and a line up.
_OF_BARS = re.compile("(\r|\n|\x1b\\[A)")


def printable(text: str) -> str:
    """`text` in one line, each character that a terminal would obey as its escape: "\\x1b" for the escape character itself."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(number: int, noun: str) -> str:
    """The number and its noun: "1 frame", "2 frames"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class PrintableStream:
    """A text stream around another, by which no name from a file reaches the terminal as a command to it.

    Line ends and tabs pass; for_bars: so does what progress bars write. What cannot be written, as on a full disk, is dropped: results
    do not depend on what is said of them. fault: why it could not, None where all was written.
    """

    def __init__(self, stream: TextIO, for_bars: bool = False):
        self._stream, self._passes = stream, _OF_BARS if for_bars else re.compile("([\n\t])")
        self.fault: OSError | None = None

    def write(self, text: str) -> int:
        """Writes `text` and returns its length."""
        with self._noting_faults():
            self._stream.write("".join(part if self._passes.fullmatch(part) else printable(part) for part in self._passes.split(text)))
        return len(text)

    def flush(self) -> None:
        """Writes what is held back."""
        with self._noting_faults():
            self._stream.flush()

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            # Nobody reads on: there is no need to go on.
            raise
        except OSError as error:
            self.fault = error

    def writelines(self, lines) -> None:
        """Writes each of `lines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._stream, name)
