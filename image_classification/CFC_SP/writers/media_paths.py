# SPDX-License-Identifier: Apache-2.0
"""How the files of other programs name the video that they are of."""

import os

from .timeline import printable


def relative_path(path: str, folder: str | os.PathLike) -> str:
    """The way from `folder` to the file at `path`, with slashes, begun by "./" or "../"; the path itself where it is on another drive."""
    try:
        found = os.path.relpath(path, folder)
    except ValueError:
        return with_slashes(path)
    return with_slashes(found if found.startswith(os.path.join(os.pardir, "")) else os.path.join(os.curdir, found))


def with_slashes(path: str) -> str:
    """The path as other systems write it, without what no text file may hold."""
    return printable(path).replace(os.sep, "/")
