"""Addresses of streams without their secrets: the one place that decides what of an address may be shown, stored or named after."""

import re

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(.*)", re.S)
# In running text an address ends at a blank, or at a quote that no password can hold.
_WITHIN_TEXT = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*(?::|%3a)(?:/|%2f){2}(?:[^\s"'<>]|["'<>](?=\S*@))+""", re.I)
# Percent-encoded characters that part an address, encoded once or more often.
_ENCODED = re.compile(r"%(?:25)*(2[3f6]|3[abdf]|40)", re.I)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]*\]|[^:\[\]@]*)(?::\d*)?")
# What tells cameras of one address apart, and is no secret where it is a short number.
_HARMLESS = re.compile(r"(?:camera|cam|channel|ch|subtype|stream|profile|track|id)=\d{1,3}", re.I)
# A run of letters and digits that nobody chose: the key of a stream, a part of a signed address.
_KEY = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}")
HIDDEN = "***"


def clean_address(address: str) -> str:
    """`address` without user name and password, whatever characters they have, without what follows ? or # but numbers of cameras, and
    with "***" for parts of its path that assign values (key=value) or look like a key. What is no address is returned as it is."""
    address = _decoded(address)
    found = _ADDRESS.fullmatch(address)
    if not found:
        return address
    scheme, rest = found.groups()
    rest = _without_user(rest)
    place, _, asked = rest.partition(min("?#", key=lambda mark: rest.find(mark) % (len(rest) + 1)))
    kept = [word for word in re.split(r"[?#&;]", asked) if _HARMLESS.fullmatch(word)]
    host, *path = place.split("/")
    return scheme + "/".join([host, *map(_clean_part, path)]) + ("?" + "&".join(kept) if kept else "")


def clean_text(text: str) -> str:
    """`text` with every address in it clean."""
    return _WITHIN_TEXT.sub(lambda found: clean_address(found[0]), text)


def _decoded(address: str) -> str:
    """`address` with encoded separators as they are, so that an encoded password is found as a plain one is."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), address)


def _without_user(rest: str) -> str:
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    if "@" in host or not _HOST.fullmatch(host):
        # A password may hold anything, separators and @ included.
        return rest.rpartition("@")[2] if "@" in rest else HIDDEN
    # host:8080/@name or user:8080/word@host? A password is the worse thing to show.
    if ":" in place.rpartition("@")[0]:
        return place.rpartition("@")[2]
    if ":" in host and "@" in rest:
        return host.partition(":")[0] if not host.startswith("[") else host
    return rest


def _clean_part(part: str) -> str:
    return HIDDEN if "=" in part or _KEY.search(part) else part.partition(";")[0]
