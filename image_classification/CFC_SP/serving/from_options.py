# SPDX-License-Identifier: Apache-2.0
"""Settings from a person's words."""

from pathlib import Path

from ..inference.bundle import open_bundle
from ..support.errors import UserError
from ..support.files import read_bounded
from .settings import RECOGNIZER, Limits, Settings

# What tools/make_sample_clip.py writes.
SAMPLE = Path(__file__).parent / "page" / "sample.mp4"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHORTEST_TOKEN = 16


def settings_of(asked) -> Settings:
    """The settings that the options of `cfc-sp serve` ask for; UserError where they make no sense, before anything is started."""
    least = {
        "workers": 1,
        "queue": 1,
        "streams": 0,
        "rate": 0,
        "max_mb": 1,
        "max_seconds": 1,
        "max_pixels": 1,
        "keep_hours": 0,
        "keep_gb": 0,
    }
    for name, smallest in least.items():
        if not smallest <= getattr(asked, name) < float("inf"):
            raise UserError(f"-{name}: expected {smallest} or more, found {getattr(asked, name)}")
    if asked.sample is not None and not asked.sample.is_file():
        raise UserError(f"-sample: expected a video file, found none at {str(asked.sample)!r}")
    open_bundle(asked.bundle)
    limits = Limits(
        clip_bytes=asked.max_mb * 1_000_000,
        seconds=asked.max_seconds,
        pixels=asked.max_pixels,
        waiting=asked.queue,
        streams=asked.streams,
        rate=asked.rate,
        keep_s=asked.keep_hours * 3600,
        keep_bytes=round(asked.keep_gb * 1e9),
        keep_uploads=asked.keep_uploads,
    )
    keywords = {name: getattr(asked, name) for name in ("bundle", "device", "engine", "precision", "min_face")}
    hosts = asked.hosts or (LOOPBACK if asked.host in LOOPBACK else ())
    token = None if asked.token is None else read_token(asked.token)
    return Settings(Path(asked.data), asked.workers, (RECOGNIZER, keywords), token, tuple(hosts), asked.sample or SAMPLE, limits)


def read_token(path: Path) -> str:
    """The first line of the file at `path`; raises UserError for one that could be guessed."""
    token = read_bounded(path, 1 << 16).decode("utf-8", "replace").partition("\n")[0].strip()
    if len(token) < _SHORTEST_TOKEN or not token.isascii():
        wanted = f"{_SHORTEST_TOKEN} ASCII characters or more in its first line"
        raise UserError(f"-token {path}: expected {wanted}, found {len(token)}: make one with `openssl rand -hex 16`")
    return token
