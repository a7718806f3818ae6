# SPDX-License-Identifier: Apache-2.0
"""YAML from anywhere as plain data: the one reader of configs, manifests and listings."""

import math
import re

import yaml

from .printable import printable

MAX_BYTES = 1 << 18
# Of a manifest of twenty networks a tenth.
MAX_NODES, MAX_DEPTH = 10_000, 20
_INT, _FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})"), re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False, ".inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """Text that is no YAML, or more than plain data; says where and what, and quotes none of it but names of ours."""


def parse_yaml(text: str | bytes):
    """Dictionaries with texts as keys, lists, texts, numbers, True, False and None of a text of MAX_BYTES at most, the only document in it.

    Of plain words only true, false, null, ~, decimal numbers, .inf and .nan are more than text: 1:30, 010, 1_000, 0x10, yes, no and
    2026-02-30 stay as they were written. An alias gives what its anchor has, as often as MAX_NODES allows. Raises YamlError for a key that
    comes twice or is no text, a merge key, a tag, and for more than MAX_NODES values or MAX_DEPTH levels, before memory is taken for them.
    """
    if len(text) > MAX_BYTES:
        raise YamlError(f"it has {len(text)} bytes or more; {MAX_BYTES} are the most")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return _Reader(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        # Without the snippet that is a part of its text: the file may be somebody else's.
        raise YamlError(f"{_place(error.problem_mark)}{printable(error.problem or 'it is no YAML')[:80]}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(
            f"it holds characters that YAML does not allow ({getattr(error, 'reason', None) or 'of another encoding'})"
        ) from None


class _Reader:
    """Builds the one document of a stream of parse events, counting."""

    def __init__(self, events):
        self._events, self._nodes, self._anchors = events, 0, {}

    def document(self):
        events = self._events
        next(events)
        event = next(events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        tree, _ = self._node(next(events), 0)
        next(events)
        if not isinstance(event := next(events), yaml.StreamEndEvent):
            raise _refusal(event, "a second document begins")
        return tree

    def _node(self, event, depth: int) -> tuple[object, int]:
        """(value, how many values it is with all that it holds) of the node that begins with `event`."""
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _refusal(event, "an alias without an anchor before it")
            value, size = self._anchors[event.anchor]
            self._count(event, size)
            return value, size
        if depth > MAX_DEPTH:
            raise _refusal(event, f"more than {MAX_DEPTH} levels")
        # "!" alone is how quoted text says that it is text.
        if event.tag not in (None, "!"):
            raise _refusal(event, "a tag, and plain data has none")
        before = self._nodes
        self._count(event, 1)
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                raise _refusal(event, "a zero character, which neither a name nor a number holds")
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                value.append(self._node(item, depth + 1)[0])
        else:
            value = self._mapping(depth)
        found = value, self._nodes - before
        if event.anchor:
            self._anchors[event.anchor] = found
        return found

    def _mapping(self, depth: int) -> dict:
        value = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or (event.value == "<<" and not event.style):
                raise _refusal(event, "a merge key or a key that is no text")
            key = self._node(event, depth + 1)[0]
            # Numbers and words as keys are what they were written as, but for the windows of a table.
            key = key if isinstance(key, int) and not isinstance(key, bool) else event.value
            if key in value:
                raise _refusal(event, "a key that is there twice")
            value[key] = self._node(next(self._events), depth + 1)[0]
        return value

    def _count(self, event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _refusal(event, f"more than {MAX_NODES} values, aliases included")


def _scalar(event) -> object:
    text = event.value
    if event.style or event.tag == "!":
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _refusal(event, reason: str) -> YamlError:
    return YamlError(_place(event.start_mark) + reason)
