# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the words of a command line, in a sentence that says what the option takes; argparse knows it and says less."""

import argparse
import difflib
import re

_NUMBERS = {"int": "a whole number", "float": "a number"}


def told_mistake(parser: argparse.ArgumentParser, error: argparse.ArgumentError) -> str:
    """The sentence on an error that argparse raised for an argument of `parser`."""
    name, said = (error.argument_name or "").split("/")[0], error.message
    action = next((action for action in parser._actions if name in (*action.option_strings, action.dest, action.metavar)), None)
    if not name or action is None:
        return str(error)
    choices = ", ".join(map(str, action.choices or ()))
    if said.startswith("expected ") and action.option_strings:
        return f"{name}: expected a value, found none: write {f'one of {choices}' if choices else _how(name, action)}"
    if found := re.fullmatch(r"invalid (int|float) value: (.*)", said, re.DOTALL):
        return f"{name}: expected {_NUMBERS[found[1]]}, found {found[2]}: write {_how(name, action)}"
    if found := re.match(r"invalid choice: (.*) \(choose from ", said, re.DOTALL):
        return f"{name}: expected one of {choices}, found {found[1]}"
    if found := re.match(r"ignored explicit argument (.*)", said, re.DOTALL):
        return f"{name}: expected no value, found {found[1]}: leave it out"
    return f"{name}: {said}"


def told_missing(parser: argparse.ArgumentParser, message: str) -> str:
    """`message`, which argparse gives of a mistake; of arguments that are missing in our words."""
    found = re.fullmatch(r"the following arguments are required: (.*)", message)
    # One spelling of an option is enough.
    names = re.sub(r"/--\w+", "", found[1]) if found else ""
    return f"expected {names}, found none: `{parser.prog} --help` says what that is" if found else message


def told_unknown(parser: argparse.ArgumentParser, words: list[str]) -> str:
    """The sentence on `words` that `parser` knows nothing of, with the option that the first of them resembles."""
    names = {
        option.lstrip("-"): option
        for action in parser._actions
        if action.help is not argparse.SUPPRESS
        for option in sorted(action.option_strings, key=len, reverse=True)
    }
    word = next((word for word in words if word.startswith("-")), None)
    if word is None:
        return f"expected no more words, found {' '.join(words)[:200]!r}: leave them out"
    near = difflib.get_close_matches(word.split("=")[0].lstrip("-"), names, 1)
    meant = f"did you mean {names[near[0]]}?" if near else f"`{parser.prog} --help` lists the options"
    return f"expected an option, found {word[:200]}, which is none: {meant}"


def _how(name: str, action: argparse.Action) -> str:
    """How an option is written, with what its help says of the value."""
    takes = action.metavar or action.dest.upper()
    said = re.sub(r" \(default[^()]*(?:\([^()]*\)[^()]*)*\)$", "", action.help or "")
    return f"{name} {takes}" + (f" ({said})" if said else "")
