# SPDX-License-Identifier: Apache-2.0
"""FER+'s still faces -> a data set of annotated videos in Aff-Wild2's form: a simulation, for who has no Aff-Wild2."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..core.labels import EXPR
from ..data.affwild2 import ANNOTATIONS, SETS
from ..data.ferplus import load_ferplus
from ..inference.bundle import open_bundle
from ..inference.face_detector import make_detector
from ..support.errors import UserError
from ..support.files import git_sha, sha256_of
from ..support.process_pool import in_processes
from ..video.detector import intersection_over_union
from .clip_script import Casting, write_scripts
from .rendering import plain_views
from .simulated_clip import write_clip

SPLITS = ("val", "test")
MANIFEST = "simulation.json"
# The least overlap of the found box with the picture that was pasted.
FOUND = 0.5
README = """A simulation, made of FER+'s still faces by `cfc-sp stand-in`; say so wherever figures from it appear.

videos/                          the clips
EXPR_Classification_Challenge/   a label for every frame, in Aff-Wild2's form
    Validation_Set/              clips of FER+'s validation faces
    Test_Set/                    clips of FER+'s test faces
boxes/                           where the face's picture lies in every frame that fully shows one
{manifest}                  what the clips were made of, and how
"""


@dataclass(frozen=True)
class Amount:
    """How much is made: `clips` of `seconds` each a split, all drawn from `seed`. UserError for figures out of range."""

    seed: int
    clips: int
    seconds: float

    def __post_init__(self):
        if not (1 <= self.clips <= 1000 and 1 <= self.seconds <= 3600 and self.seed >= 0):
            raise UserError(
                f"expected -clips 1 to 1000, -seconds 1 to 3600 and -seed 0 or more, found {self.clips}, {self.seconds:g} and {self.seed}"
            )


def make_stand_in(data: str, folder: Path, bundle: str, amount: Amount, jobs: int) -> None:
    """Writes the data set made of FER+ at `data` to the new folder `folder`, with the face detector of `bundle` and `jobs` processes.

    Prints a line a split. Raises UserError for bad data, and where FER+ has too few pictures for what is asked.
    """
    opened = open_bundle(bundle)
    finds = face_finder(opened)
    tasks, splits = {}, {}
    for number, split in enumerate(SPLITS):
        faces_of = load_ferplus(data, split)
        rng = np.random.default_rng((amount.seed, number))
        casting = Casting(faces_of.classes, lambda picture, faces=faces_of.pictures: finds(faces[picture]), rng)
        scripts = write_scripts(casting, amount.clips, amount.seconds, rng)
        for clip, script in enumerate(scripts):
            name = f"ferplus-{split}-{clip:03d}"
            faces = {picture: faces_of.pictures[picture] for picture in script.pictures}
            annotation = folder / ANNOTATIONS / SETS[split] / f"{name}.txt"
            files = folder / "videos" / f"{name}.mp4", annotation, folder / "boxes" / f"{name}.csv"
            tasks[name] = (script, faces, (amount.seed, number, clip), *files)
        splits[split] = describe(scripts, casting.refused, len(faces_of))
        print(f"{split}: {splits[split]['frames']} frames, {splits[split]['pictures_used']} pictures; labels {splits[split]['labels']}")
    for parent in {file.parent for *_, video, annotation, boxes in tasks.values() for file in (video, annotation, boxes)}:
        parent.mkdir(parents=True)
    for _, result in in_processes(write_clip, tasks, jobs, "clips"):
        result()
    manifest = {
        "kind": "simulation: still faces of FER+ as video, in the form of Aff-Wild2",
        **asdict(amount),
        "git_sha": git_sha(),
        "source": source_of(Path(data)),
        "detector": opened.identity,
        "splits": splits,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(README.format(manifest=MANIFEST), encoding="utf-8")


def face_finder(bundle):
    """A function that says of a square grey face whether the bundle's detector finds it at its place in plain views."""
    detector = make_detector(bundle)

    def finds(picture) -> bool:
        return all((intersection_over_union(detector.detect(view).boxes, box[None]) >= FOUND).any() for view, box in plain_views(picture))

    return finds


def describe(scripts, refused: int, available: int) -> dict:
    """What the manifest says of one split."""
    counts = Counter(int(label) for script in scripts for label in script.labels)
    return {
        "pictures_available": available,
        "pictures_used": sum(len(script.pictures) for script in scripts),
        "pictures_refused": refused,
        "frames": sum(counts.values()),
        "empty_frames": sum(int(script.empty.sum()) for script in scripts),
        "labels": {name: counts[number] for number, name in enumerate([*EXPR, "none"])} | {"none": counts[-1]},
    }


def source_of(path: Path) -> dict:
    """The name and checksum of the data set's zip, or of its table where it is a folder."""
    file = path if path.is_file() else next(path.rglob("fer2013new.csv"))
    return {"file": file.name, "sha256": sha256_of(file)}
