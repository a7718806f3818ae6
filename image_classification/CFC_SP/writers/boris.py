# SPDX-License-Identifier: Apache-2.0
"""BORIS project files: a subject a track, a state behaviour a class."""

import json
import os
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from ..core.annotation import Annotation, Interval, annotation_from
from ..core.labels import EXPR
from ..support.errors import UserError
from ..support.files import read_bounded
from .media_paths import relative_path
from .track_names import tier_of, track_of

VERSION = "7.0"
"""The version of the project format that is written: that of BORIS 7 to 10."""
MAX_BYTES = 32 << 20
"""The largest file that is read."""
_CATEGORY, _STATE = "Facial expression", "State event"
_PLAYERS = tuple(str(number) for number in range(1, 9))


def write_boris(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as a BORIS project of format 7.0: JSON in ASCII, times in seconds to the millisecond.

    One observation of the video, whose path is relative to the file. The eight classes are state behaviours that exclude each other, and
    an interval is a START and a STOP event of its track's subject; the comment of the START is the confidence.
    """
    clip = Path(annotation.media or "recording")
    now = datetime.now().isoformat(timespec="milliseconds")
    labels = list(dict.fromkeys([*EXPR, *(interval.label for interval in annotation.intervals)]))
    project = {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": clip.stem,
        "project_description": "What faces show, by cfc-sp",
        "project_format_version": VERSION,
        "subjects_conf": {
            str(number): {"key": "", "name": tier_of(track), "description": ""} for number, track in enumerate(annotation.tracks)
        },
        "behaviors_conf": {str(number): _behaviour(number, label, labels) for number, label in enumerate(labels)},
        "observations": {clip.stem: _observation(annotation, os.path.dirname(os.path.abspath(path)), now)},
        "behavioral_categories": [_CATEGORY],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    with open(path, "w", encoding="ascii") as file:
        json.dump(project, file, indent=1)
        file.write("\n")


def _behaviour(number: int, label: str, labels: list[str]) -> dict:
    # Keys of a keyboard by which a person codes; there are nine.
    key = str(number + 1) if number < 9 else ""
    texts = {"description": "", "color": "", "category": _CATEGORY, "modifiers": "", "coding map": ""}
    return {"type": _STATE, "key": key, "code": label, "excluded": ",".join(other for other in labels if other != label), **texts}


def _observation(annotation: Annotation, folder: str, now: str) -> dict:
    media = annotation.media and relative_path(annotation.media, folder)
    events = []
    for interval in annotation.intervals:
        sure = "" if interval.confidence is None else f"confidence {interval.confidence:.3f}"
        who = tier_of(interval.track)
        events += [(interval.start_s, 1, who, interval.label, sure), (interval.end_s, 0, who, interval.label, "")]
    # Where one state ends and another begins, the end comes first.
    events.sort(key=lambda event: event[:2])
    return {
        "file": {player: [media] if media and player == "1" else [] for player in _PLAYERS},
        "type": "MEDIA" if media else "LIVE",
        "date": now,
        "description": "",
        "time offset": 0.0,
        "events": [[time_s, who, label, "", comment, *(["NA"] if media else [])] for time_s, _, who, label, comment in events],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "media_info": {
            "length": {media: annotation.end_s} if media else {},
            "fps": {media: annotation.fps or 0.0} if media else {},
            "hasVideo": {media: True} if media else {},
            "hasAudio": {media: False} if media else {},
            "offset": {"1": 0.0} if media else {},
        },
    }


def read_boris(path: str | os.PathLike, clip: str | None = None) -> Annotation:
    """What the state events of a BORIS project say: a track a subject, "" where an event has none.

    clip: the name of the clip without its ending, which chooses among several observations, by the name of their video or their own.
    Raises UserError for a file that is none or not whole, where no one observation is meant, and for a state that begins and never ends.
    """
    try:
        project = json.loads(read_bounded(path, MAX_BYTES))
        states = {own["code"] for own in project["behaviors_conf"].values() if "state" in own["type"].lower()}
        name, observation = _chosen(project["observations"], clip, path)
        if float(observation.get("time offset") or 0.0):
            raise ValueError(f"its observation {name[:60]!r} has a time offset")
        return _annotation(observation, states)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: expected a whole BORIS project, found none ({reason}): open it in BORIS and save it again") from error


def _chosen(observations: dict, clip: str | None, path: str | os.PathLike) -> tuple[str, dict]:
    if len(observations) != 1:
        names = {name: [name, *map(_stem, _media(own))] for name, own in observations.items()}
        fitting = [name for name, known in names.items() if clip in known]
        if len(fitting) != 1:
            found = ", ".join(map(repr, list(observations)[:8])) or "none"
            raise UserError(
                f"{path}: expected one observation of the clip {clip or ''!r}, found {found}: name one as the clip, or its video"
            )
        return fitting[0], observations[fitting[0]]
    return next(iter(observations.items()))


def _stem(media: str) -> str:
    return media.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _media(observation: dict) -> list[str]:
    files = observation.get("file") or {}
    return [media for own in files.values() for media in own]


def _annotation(observation: dict, states: set[str]) -> Annotation:
    begun: dict[tuple, tuple[float, str]] = {}
    intervals, tracks = [], defaultdict(int)
    for event in sorted(observation["events"], key=lambda event: float(event[0])):
        time_s, subject, code, modifier, comment = float(event[0]), *map(str, event[1:5])
        if code not in states:
            continue
        track = track_of(subject)
        tracks[track] += 1
        if (start := begun.pop((subject, code, modifier), None)) is None:
            begun[subject, code, modifier] = time_s, comment
        else:
            intervals.append(Interval(track, start[0], time_s, code, _confidence(start[1])))
    if begun:
        subject, code, _ = next(iter(begun))
        raise ValueError(f"{code[:40]!r} of {subject[:40]!r} begins and never ends")
    lengths = [float(seconds) for seconds in (observation.get("media_info") or {}).get("length", {}).values()]
    media = next(iter(_media(observation)), None)
    return annotation_from(intervals, tracks, media, max(lengths, default=0.0) or None)


def _confidence(comment: str) -> float | None:
    word, _, number = comment.partition(" ")
    try:
        return float(number) if word == "confidence" and 0 <= float(number) <= 1 else None
    except ValueError:
        return None
