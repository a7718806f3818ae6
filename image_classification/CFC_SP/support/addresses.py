# SPDX-License-Identifier: Apache-2.0
"""Addresses of streams without their secrets: the one place that decides what of an address may be shown, stored or named after."""

import re

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(.*)", re.S)
# In running text an address ends at a blank, or at a quote that no password can hold: neither ends it where an @ follows in the same line
# and before another address, since a password may hold them.
_MORE_OF_IT = r"(?=(?:(?!://)[^\n]){0,200}@)"
_WITHIN_TEXT = re.compile(
    rf"""([A-Za-z][A-Za-z0-9+.-]*(?::|%3a)(?:/|%2f){{2}}(?:[^\s"'<>]|[^\S\n]{_MORE_OF_IT}|["'<>](?:(?=\S*@)|(?=\w){_MORE_OF_IT}))+?)"""
    rf"""([).,;:!]*)(?=$|\n|[^\S\n](?!{_MORE_OF_IT})|["'<>](?!\S*@|(?=\w){_MORE_OF_IT}))""",
    re.I,
)
# Percent-encoded characters that part an address, encoded once or more often.
_ENCODED = re.compile(r"%(?:25)*(2[3f6]|3[abdf]|40)", re.I)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]*\]|[\w.-]*)(?::\d*)?")
# What tells cameras of one address apart, and is no secret where it is a short number.
_HARMLESS = re.compile(r"(?:camera|cam|channel|ch|subtype|stream|profile|track|id)=\d{1,3}", re.I)
# Letters and digits that nobody chose, the key of a stream or a part of a signed address: so many in a row, or in so many groups.
_KEY_LENGTH, _KEY_GROUPS = 16, 4
_RUN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
# Words behind which a part of a path is one.
_SECRETS = re.compile(r"(?:access|api|stream)?[-_]?(?:passw(?:or)?d|pass|pwd|passphrase|token|key|secret|auth|sig|signature)", re.I)
HIDDEN = "***"


def clean_address(address: str) -> str:
    """`address` without user name and password, whatever characters they have, without what follows ? or # but numbers of cameras, and
    with "***" for parts of its path that assign values (key=value), look like a key or follow a word such as token. Where it cannot be
    told what is host and what is password, "***" stands for all of it. What is no address is returned as it is."""
    found = _ADDRESS.fullmatch(address) or _ADDRESS.fullmatch(_decoded(address))
    if not found:
        return address
    scheme, rest = found.groups()
    if re.split(r"[/?#]", rest, maxsplit=1)[0].count("@") == 1 == rest.count("@"):
        # As addresses are to be written, whatever the password encodes.
        rest = rest.partition("@")[2]
    rest = _decoded(rest)
    place, asked = re.fullmatch(r"([^?#]*)(.*)", rest, re.S).groups()
    place = _without_user(place, asked)
    host, *path = place.split("/")
    if place is HIDDEN or not _HOST.fullmatch(host):
        return scheme + HIDDEN
    kept = [word for word in re.split(r"[?#&;]", asked) if _HARMLESS.fullmatch(word)]
    return scheme + "/".join([host, *_clean_path(path)]) + ("?" + "&".join(kept) if kept else "")


def clean_text(text: str) -> str:
    """`text` with every address in it clean."""
    return _WITHIN_TEXT.sub(lambda found: clean_address(found[1]) + found[2], text)


def _decoded(address: str) -> str:
    """`address` with encoded separators in front of its ? or # as they are, so that an encoded password is found as a plain one is."""
    place, asked = re.fullmatch(r"([^?#]*)(.*)", address, re.S).groups()
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), place) + asked


def _without_user(place: str, asked: str) -> str:
    """Host and path of `place`, which `asked` follows; HIDDEN where they cannot be told from a password, which may hold any character."""
    host, _, path = place.partition("/")
    before, at, behind = place.rpartition("@")
    if "@" not in host and not _HOST.fullmatch(host):
        # user:word?word@host: the host is behind.
        tail = f"{place}{asked}".rpartition("@")[2] if f"{place}{asked}".count("@") == 1 else HIDDEN
        return re.split(r"[?#]", tail, maxsplit=1)[0] if tail is not HIDDEN else HIDDEN
    if "@" in host and "@" in asked:
        return HIDDEN
    if "@" in path and ("@" in host or ":" in before or not host or re.search("[^/]@", path)):
        # host:8080/@name or user:8080/word@host? A password is the worse thing to show.
        return HIDDEN if "=" in place else behind
    if at and "@" in host:
        return behind
    return HIDDEN if "@" in asked and (":" in place or not host) else place


def _clean_path(parts: list[str]) -> list[str]:
    """The parts of a path; from one that assigns a value on, nothing more is shown, since the value may hold a / itself."""
    assigns = next((place for place, part in enumerate(parts) if "=" in part), None)
    shown = [
        HIDDEN if _holds_key(part) or _SECRETS.fullmatch(before) else part.partition(";")[0]
        for before, part in zip(["", *parts], parts[:assigns], strict=False)
    ]
    return shown if assigns is None else [*shown, HIDDEN]


def _holds_key(part: str) -> bool:
    for run in _RUN.findall(part):
        groups = run.split("-")
        keys = groups if len(groups) < _KEY_GROUPS else [*groups, "".join(groups)]
        if any(len(key) >= _KEY_LENGTH and not key.isalpha() and not key.isdigit() for key in keys):
            return True
    return False
