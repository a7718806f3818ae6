# SPDX-License-Identifier: Apache-2.0
"""What every entry script shares: options with one dash or two, one sentence for a user's mistake, exit codes."""

import argparse
import importlib
import io
import logging
import os
import re
import select
import sys
import textwrap
from itertools import takewhile
from types import ModuleType

from .errors import UserError, shortage
from .option_mistakes import told_missing, told_mistake, told_unknown
from .packages import missing_package
from .printable import PrintableStream
from .threads import set_thread_counts

MISTAKE, INTERRUPTED, NOBODY_READS = 2, 130, 141


class _Help(argparse.HelpFormatter):
    """Paragraphs as wide as the terminal, commands and indented lines as they are, an option's argument named once.

    A sub-command of `cfc-sp` shows its script's examples under its own name.
    """

    def _fill_text(self, text, width, indent):
        text = text.strip() + "\n"
        if self._prog.startswith("cfc-sp"):
            text = re.sub(r"^( *)(?:python )?\w+\.py ", rf"\1{self._prog} ", text, flags=re.M)
        blocks = re.findall(r"^(?:[ \t]|python |cfc-sp ).*\n|(?:^(?!python |cfc-sp )\S.*\n)+|^\n", text, re.M)
        as_it_is = (" ", "python ", "cfc-sp ", "\n")
        return "".join(
            block if block.startswith(as_it_is) else textwrap.fill(block, width, break_on_hyphens=False) + "\n" for block in blocks
        )

    def _format_action_invocation(self, action):
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        return f"{', '.join(action.option_strings)} {self._format_args(action, self._get_default_metavar_for_optional(action))}"


class Parser(argparse.ArgumentParser):
    """An argument parser whose long options take one dash, as in PaddleViT, or two, and which takes files for what they are: a word
    that begins with a dash, is no option and names a file is that file."""

    _option_of_words: str | None = None

    def __init__(self, **keywords):
        # argparse's own errors are raised, so that they can be told in our words.
        super().__init__(**{"formatter_class": _Help, "allow_abbrev": False, **keywords, "exit_on_error": False})

    def option(self, name: str, *others: str, **keywords) -> None:
        """Adds `-name` and `--name`; `others` are older spellings, which are taken and not shown."""
        self.add_argument(f"-{name}", f"--{name}", dest=name, **keywords)
        for other in others:
            hidden = {**keywords, "required": False, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
            self.add_argument(f"-{other}", f"--{other}", dest=name, **hidden)

    def words(self, option: str, **keywords) -> None:
        """Lets words that belong to no option, wherever they stand, join those of `option`, of which there must be one at least."""
        self.add_argument(f"{option}_words", nargs="*", **keywords)
        self._option_of_words = option

    def error(self, message: str):
        """Ends the program with one sentence on standard error."""
        self.exit(MISTAKE, f"error: {UserError(told_missing(self, message))}\n")

    def parse_args(self, args=None, namespace=None):
        """As argparse's own."""
        namespace, left = self.parse_known_args(args, namespace)
        if left:
            subs = self._subparsers._group_actions if self._subparsers else ()
            chosen = [action.choices[getattr(namespace, action.dest)] for action in subs]
            self.error(told_unknown(*chosen or [self], left))
        return namespace

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's own."""
        words = sys.argv[1:] if args is None else args
        words = [f"./{word}" if self._is_file(word) else word for word in words]
        if misspelt := [word for word in takewhile(lambda word: word != "--", words) if self._is_misspelt(word)]:
            self.error(told_unknown(self, misspelt))
        try:
            namespace, left = super().parse_known_args(words, namespace)
        except argparse.ArgumentError as error:
            self.error(told_mistake(self, error))
        if option := self._option_of_words:
            # argparse takes those in one place alone.
            loose = [*namespace.__dict__.pop(f"{option}_words"), *(word for word in left if not word.startswith("-"))]
            setattr(namespace, option, [*(getattr(namespace, option) or ()), *loose])
            left = [word for word in left if word.startswith("-")]
            if not getattr(namespace, option):
                self.error(f"the following arguments are required: -{option}")
        return namespace, left

    def _is_misspelt(self, word: str) -> bool:
        """Whether it is no option and no begin of one, but argparse takes it for one of a letter with more behind it, as -hides for -h."""
        known, begin = self._option_string_actions, word.split("=")[0]
        is_letter = self._subparsers is None and word[:2] in known and word[1:2] != "-"
        return is_letter and not any(option.startswith(begin) for option in known)

    def _is_file(self, word: str) -> bool:
        known = self._subparsers is not None or word in self._option_string_actions
        return word.startswith("-") and not known and os.path.lexists(word)


def add_jobs_option(parser: Parser, what: str) -> None:
    """Adds `-jobs`: how many of `what` are processed at a time."""
    parser.option("jobs", type=int, default=os.cpu_count() or 1, metavar="N", help=f"{what} to process at a time (default: one per core)")


def run_script(script: ModuleType, argv: list[str] | None = None) -> int:
    """Parses `argv` by `script.add_options`, calls `script.run` and returns the exit code. The script's docstring is its help."""
    open_standard_streams()
    parser = Parser(description=script.__doc__)
    script.add_options(parser)
    return guarded(script.run, parser.parse_args(argv))


def open_standard_streams() -> None:
    """Opens those of standard input, output and error that this process was started without, to nothing and from nothing.

    A file that is opened later would get their numbers, and what is said would end up in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (s or os.fdopen(number, "w", closefd=False) for number, s in ((1, sys.stdout), (2, sys.stderr)))


def guarded(run, arguments) -> int:
    """`run(arguments)` as an exit code: 0, 2 for a mistake of the user's (one sentence on standard error), 130 for Ctrl-C (and SIGTERM in
    training), 141 where nobody reads on, as after `| head`.

    Paddle is imported first, in silence, unless the script that `run` is of has IMPORTS_PADDLE = False: it need not wait for that.
    """
    set_thread_counts(os.environ)
    # File names may hold what the terminal's encoding does not.
    streams = sys.stdout, sys.stderr
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Nor do names from anywhere reach the terminal as commands to it.
    sys.stdout, sys.stderr = (PrintableStream(stream, for_bars=stream is streams[1]) for stream in streams)
    # It tells of folders that it cannot write to, and works all the same.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        _check_working_directory()
        if getattr(sys.modules[run.__module__], "IMPORTS_PADDLE", True):
            importlib.import_module("image_classification.CFC_SP.support.quiet_paddle")
        code = run(arguments) or 0
        sys.stdout.flush()
        if sys.stdout.fault:
            raise UserError(f"cannot write to standard output ({sys.stdout.fault.strerror}): everything else is done")
        return code
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return MISTAKE
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            _drop(sys.stdout)
            return NOBODY_READS
        told = missing_package(error) if isinstance(error, ModuleNotFoundError) else shortage(error)
        if told is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream.fault:
                _drop(stream)
        sys.stdout, sys.stderr = streams


def _drop(stream) -> None:
    """Lets what the stream still holds go nowhere: Python writes it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _check_working_directory() -> None:
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise UserError("expected an existing working directory, found one that was removed: change to another one") from error


def _reader_is_gone() -> bool:
    """Whether standard output is a pipe without a reader: a pipe to a program of ours may break as well."""
    if not hasattr(select, "poll"):
        # Windows has no such question; its pipes break for no other reason here.
        return True
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
