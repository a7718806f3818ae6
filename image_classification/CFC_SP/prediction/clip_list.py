# SPDX-License-Identifier: Apache-2.0
"""The clips of a run on many machines: by path, by address, and by the lines of a text file."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..support.addresses import clean_address
from ..support.errors import UserError
from ..support.files import read_names
from ..support.remote_files import fetch, files_in, is_remote, size_and_time
from ..support.temporary import temporary_folder
from ..video.clip import VIDEO_ENDINGS
from .clip_search import find_clips

MANIFEST = ".txt"
"""How the name of a text file ends that lists clips."""
_MANIFEST_BYTES = 1 << 30
# Stores answer slowly, and many questions at a time.
_QUESTIONS = 16


@dataclass(frozen=True, slots=True)
class ListedClip:
    """The clip at `source`, a whole path or an address, the `name` that its results bear where those of no other clip do, and its size in
    bytes, 0 where nobody knows. fault: why there is no clip, in a sentence. given: its path as a person gave it, as results have it."""

    source: str
    name: str
    size: int = 0
    fault: str | None = None
    given: str | None = None


def list_clips(words: Iterable[str], recursive: bool = False) -> tuple[list[ListedClip], list[str]]:
    """The clips that `words` stand for, each once, with their sizes, and sentences on what was left out.

    A word is what `find_clips` takes, an address of a file or folder, or a text file with one of these a line. Raises UserError for
    a text file that cannot be read, and where nothing is listed.
    """
    clips, notes = {}, []
    for word in _expanded(words):
        found, told = _remote(word, recursive) if is_remote(word) else _local(word, recursive)
        notes += told
        clips |= {clip.source: clip for clip in found if clip.source not in clips}
    if not clips:
        raise UserError("-video: expected clips, found none: name files, folders, addresses, or a text file that lists them")
    with ThreadPoolExecutor(_QUESTIONS) as pool:
        return list(pool.map(_sized, clips.values())), notes


def read_manifest(path: str) -> list[str]:
    """The lines of the text file at `path`, a path or an address, without empty ones and those that begin with #. A relative path
    is one from the file's folder."""
    if is_remote(path):
        with temporary_folder() as folder:
            lines = read_names(fetch(path, Path(folder)), _MANIFEST_BYTES)
    else:
        lines = read_names(path, _MANIFEST_BYTES)
    base = path.rpartition("/")[0] if is_remote(path) else os.path.dirname(os.path.abspath(path))
    # Names may hold bytes that are no text.
    words = (os.fsdecode(line).strip() for line in lines.removeprefix(b"\xef\xbb\xbf").splitlines())
    named = [word for word in words if word and not word.startswith("#")]
    return [word if is_remote(word) or os.path.isabs(word) else f"{base}/{word}" for word in named]


def _expanded(words: Iterable[str]) -> Iterator[str]:
    for word in map(os.fsdecode, words):
        if word.lower().endswith(MANIFEST) and (is_remote(word) or os.path.isfile(word)):
            yield from read_manifest(word)
        else:
            yield word


def _local(word: str, recursive: bool) -> tuple[list[ListedClip], list[str]]:
    clips, notes = find_clips([word], recursive)
    return [ListedClip(os.path.abspath(clip.path), clip.name, fault=clip.fault, given=os.fsdecode(clip.path)) for clip in clips], notes


def _remote(word: str, recursive: bool) -> tuple[list[ListedClip], list[str]]:
    if (safe := clean_address(word.partition("?")[0])) != word and ("?" in word or "@" in word):
        # What the table and the results name must not open a store to whoever reads them.
        fault = (
            f"{safe}: expected an address without a password and without ?, found one: give what opens its store by the store's settings"
        )
        return [ListedClip(safe, _stem(safe), fault=fault)], []
    try:
        inside = files_in(word, recursive)
    except UserError as error:
        return [ListedClip(word, _stem(word), fault=str(error))], []
    if inside is None:
        return [ListedClip(word, _stem(word))], []
    videos = [file for file in inside if PurePosixPath(file).suffix.lower() in VIDEO_ENDINGS]
    if not videos:
        return [ListedClip(word, _stem(word), fault=f"{word}: expected videos in this folder, found none")], []
    return [ListedClip(file, _stem(file)) for file in videos], []


def _stem(address: str) -> str:
    return PurePosixPath(address.rstrip("/")).stem or "clip"


def _sized(clip: ListedClip) -> ListedClip:
    """The clip with its size; where it cannot be had, whoever works on the clip will say why."""
    if clip.fault:
        return clip
    try:
        if os.path.isdir(clip.source):
            with os.scandir(clip.source) as entries:
                return replace(clip, size=sum(entry.stat().st_size for entry in entries))
        return replace(clip, size=size_and_time(clip.source)[0] if is_remote(clip.source) else os.stat(clip.source).st_size)
    except (OSError, UserError):
        return clip
