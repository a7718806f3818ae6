"""A public stand-in for Aff-Wild2: FER+'s validation and test faces as annotated videos of the same form. A simulation.

python tools/make_ferplus_clips.py -data ferplus.zip -out standin
python tools/prepare_affwild2.py -videos standin/videos -root standin -size 48

The validation faces become Validation_Set, the test faces Test_Set; there is no training set. Each picture is used once at most. Pictures
in which the bundle's detector does not find the face where it is are left out. docs/stand-in.md says what is simulated and how.
"""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

SPLITS = ("val", "test")
MANIFEST = "simulation.json"
# The least overlap of the found box with the picture that was pasted.
FOUND = 0.5
README = """A simulation, made of FER+'s still faces by tools/make_ferplus_clips.py; say so wherever figures from it appear.

videos/                          the clips
EXPR_Classification_Challenge/   a label for every frame, in Aff-Wild2's form
    Validation_Set/              clips of FER+'s validation faces
    Test_Set/                    clips of FER+'s test faces
boxes/                           where the face's picture lies in every frame that fully shows one
{manifest}                  what the clips were made of, and how
"""


def add_options(parser: Parser) -> None:
    from image_classification.CFC_SP.support.process_pool import add_jobs_option

    parser.option("data", required=True, metavar="PATH", help="FER+'s zip or unpacked folder")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="the data set to make; must not be there yet")
    parser.option("seed", type=int, default=0, metavar="N", help="of everything that is drawn (default: 0)")
    parser.option("clips", type=int, default=20, metavar="N", help="clips a split (default: 20)")
    parser.option("seconds", type=float, default=60.0, metavar="S", help="length of each (default: 60)")
    parser.option("bundle", default="lite", metavar="FOLDER", help="the bundle whose face detector is used (default: lite)")
    add_jobs_option(parser, "clips")


def run(arguments) -> None:
    from image_classification.CFC_SP.support.errors import UserError

    if not (1 <= arguments.clips <= 1000 and 1 <= arguments.seconds <= 3600 and arguments.seed >= 0):
        raise UserError(
            "expected -clips 1 to 1000, -seconds 1 to 3600 and -seed 0 or more, "
            f"found {arguments.clips}, {arguments.seconds:g} and {arguments.seed}"
        )
    if arguments.out.exists():
        raise UserError(f"-out {arguments.out}: expected a new folder, found that it is there: choose another, or remove it first")
    part = arguments.out.with_name(f".part-{arguments.out.name}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        make(arguments, part)
        part.rename(arguments.out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"done: {arguments.out}")


def make(arguments, folder: Path) -> None:
    """Writes the whole data set to `folder`."""
    import numpy as np

    from image_classification.CFC_SP.data.affwild2 import ANNOTATIONS, SETS
    from image_classification.CFC_SP.data.ferplus import load_ferplus
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.support.files import git_sha
    from image_classification.CFC_SP.support.process_pool import in_processes
    from tools.simulation.clip_files import write_clip
    from tools.simulation.script import Casting, write_scripts

    bundle = open_bundle(arguments.bundle)
    finds = face_finder(bundle)
    tasks, splits = {}, {}
    for number, split in enumerate(SPLITS):
        data = load_ferplus(arguments.data, split)
        rng = np.random.default_rng((arguments.seed, number))
        casting = Casting(data.classes, lambda picture, faces=data.pictures: finds(faces[picture]), rng)
        scripts = write_scripts(casting, arguments.clips, arguments.seconds, rng)
        for clip, script in enumerate(scripts):
            name = f"ferplus-{split}-{clip:03d}"
            faces = {picture: data.pictures[picture] for picture in script.pictures}
            annotation = folder / ANNOTATIONS / SETS[split] / f"{name}.txt"
            files = folder / "videos" / f"{name}.mp4", annotation, folder / "boxes" / f"{name}.csv"
            tasks[name] = (script, faces, (arguments.seed, number, clip), *files)
        splits[split] = describe(scripts, casting.refused, len(data))
        print(f"{split}: {splits[split]['frames']} frames, {splits[split]['pictures_used']} pictures; labels {splits[split]['labels']}")
    for parent in {file.parent for *_, video, annotation, boxes in tasks.values() for file in (video, annotation, boxes)}:
        parent.mkdir(parents=True)
    for _, result in in_processes(write_clip, tasks, arguments.jobs, "clips"):
        result()
    manifest = {
        "kind": "simulation: still faces of FER+ as video, in the form of Aff-Wild2",
        **{name: getattr(arguments, name) for name in ("seed", "clips", "seconds")},
        "git_sha": git_sha(),
        "source": source_of(Path(arguments.data)),
        "detector": bundle.identity,
        "splits": splits,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(README.format(manifest=MANIFEST), encoding="utf-8")


def face_finder(bundle):
    """A function that says of a square grey face whether the bundle's detector finds it at its place in plain views."""
    from image_classification.CFC_SP.inference.face_detector import make_detector
    from image_classification.CFC_SP.video.detector import intersection_over_union
    from tools.simulation.rendering import plain_views

    detector = make_detector(bundle)

    def finds(picture) -> bool:
        return all((intersection_over_union(detector.detect(view).boxes, box[None]) >= FOUND).any() for view, box in plain_views(picture))

    return finds


def describe(scripts, refused: int, available: int) -> dict:
    """What the manifest says of one split."""
    from image_classification.CFC_SP.core.labels import EXPR

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
    from image_classification.CFC_SP.support.files import sha256_of

    file = path if path.is_file() else next(path.rglob("fer2013new.csv"))
    return {"file": file.name, "sha256": sha256_of(file)}


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
