"""Cuts the faces out of Aff-Wild2's videos, as prediction does, ready for training.

python tools/prepare_affwild2.py -videos VIDEOS -root affwild2

ROOT holds EXPR_Classification_Challenge/ as distributed; VIDEOS holds <video>.mp4 or .avi, in folders of any depth. ROOT/crops/<video>/
then receives one 00001.jpg for every frame with a face, and ROOT/crops.csv one row a video. Of several faces the largest counts, and
where a name ends in _left or _right the largest of those that came into view on that side, wherever they go. A call that was
interrupted is taken up again by the same command: videos that are done are skipped.
"""

import csv
import shutil
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from image_classification.CFC_SP.support.command_line import Parser, run_script

COLUMNS = ("video", "frames", "labels", "faces", "without_face", "damaged_frames", "size")
ENDINGS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
SIDES = ("left", "right")
QUALITY = 95

_detector = None


def add_options(parser: Parser) -> None:
    from image_classification.CFC_SP.support.process_pool import add_jobs_option

    parser.option("videos", required=True, type=Path, metavar="FOLDER", help="the videos")
    parser.option("root", required=True, type=Path, metavar="FOLDER", help="the data set's folder with EXPR_Classification_Challenge/")
    parser.option("size", type=int, default=224, metavar="PX", help="side of the crops (default: 224)")
    add_jobs_option(parser, "videos")
    parser.option("bundle", default="lite", metavar="FOLDER", help="the bundle whose face detector is used (default: lite)")


def run(arguments) -> int:
    from image_classification.CFC_SP.data.affwild2 import CROPS, read_annotation
    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.support.process_pool import in_processes

    if not 16 <= arguments.size <= 1024:
        raise UserError(f"-size: expected 16 to 1024 px, found {arguments.size}")
    annotations = find_annotations(arguments.root)
    counts = {name: len(read_annotation(path)) for name, path in annotations.items()}
    videos = find_videos(arguments.videos, {base_name(name) for name in annotations})
    crops, report = arguments.root / CROPS, Report(arguments.root / f"{CROPS}.csv")
    report.check_size(arguments.size)
    # A mistake shows here, and not in every worker.
    open_bundle(arguments.bundle)
    crops.mkdir(exist_ok=True)
    left = [name for name, labels in counts.items() if not ((crops / name).is_dir() and report.knows(name, labels))]
    missing = [name for name in left if base_name(name) not in videos]
    tasks = {name: (videos[base_name(name)], crops / name, counts[name], arguments.size) for name in left if name not in missing}
    print(f"{len(counts)} annotated videos: {len(counts) - len(left)} done before, {len(tasks)} to do, {len(missing)} missing")
    failed = [f"{annotations[name]}: no video {base_name(name)} under {arguments.videos}" for name in missing]
    for name, result in in_processes(cut_faces, tasks, arguments.jobs, "videos", _start_worker, (arguments.bundle,)):
        try:
            report.add(result())
        except UserError as error:
            failed.append(f"{name}: {error}")
    failed += report.mismatches(annotations)
    for line in failed:
        print(f"warning: {line}", file=sys.stderr)
    print(f"{report.total('faces')} crops, {report.total('without_face')} frames without a face; {report.path}")
    return 1 if failed else 0


class Report:
    """The CSV with one row a video, kept from call to call."""

    def __init__(self, path: Path):
        from image_classification.CFC_SP.support.csv_files import read_columns
        from image_classification.CFC_SP.support.errors import UserError

        self.path, self.rows = path, {}
        if path.is_file():
            self.rows = {row["video"]: row for row in read_columns(path, COLUMNS)}
            for row in self.rows.values():
                if not all(row[name].isdecimal() and len(row[name]) <= 9 for name in COLUMNS[1:]):
                    raise UserError(f"{path}: expected numbers for {row['video']!r}, found others: move the file away")

    def add(self, row: dict) -> None:
        from image_classification.CFC_SP.support.files import atomic_path

        self.rows[row["video"]] = row
        with atomic_path(self.path) as path, open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows[name] for name in sorted(self.rows))

    def knows(self, name: str, labels: int) -> bool:
        """Whether a video is done, with as many labels as it has now."""
        return name in self.rows and int(self.rows[name]["labels"]) == labels

    def check_size(self, size: int) -> None:
        """Raises UserError where crops of another size are there."""
        from image_classification.CFC_SP.support.errors import UserError

        other = {row["size"] for row in self.rows.values()} - {str(size)}
        if other:
            raise UserError(f"-size {size}: found crops of {', '.join(sorted(other))} px in {self.path}: take that size or remove them")

    def mismatches(self, annotations: dict[str, Path]) -> list[str]:
        """A sentence for every annotation that has more or fewer lines than its video has frames."""
        sentences = []
        for name, path in annotations.items():
            frames, labels = (int(self.rows[name][column]) if name in self.rows else 0 for column in ("frames", "labels"))
            if labels > frames:
                sentences.append(f"{path} line {frames + 2}: {labels} labels for {frames} frames; from this line on they were left out")
            if labels < frames:
                sentences.append(f"{path}: {labels} labels for {frames} frames; frames from {labels + 1} on were left out")
        return sentences

    def total(self, column: str) -> int:
        return sum(int(row[column]) for row in self.rows.values())


def find_annotations(root: Path) -> dict[str, Path]:
    """The annotation files of all sets by the names of their videos."""
    from image_classification.CFC_SP.data.affwild2 import annotated_splits, annotation_files
    from image_classification.CFC_SP.support.errors import UserError

    found = {}
    for path in (path for split in annotated_splits(root) for path in annotation_files(root, split)):
        if path.stem in found:
            raise UserError(f"{path}: expected each video in one set, found it in {found[path.stem]} too; take one of them away")
        found[path.stem] = path
    return found


def find_videos(folder: Path, names: set[str]) -> dict[str, Path]:
    """Those of the videos below `folder` whose name without ending is one of `names`."""
    from image_classification.CFC_SP.support.errors import UserError

    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in ENDINGS or path.stem not in names:
            continue
        if path.stem in found:
            raise UserError(f"-videos {folder}: expected one video {path.stem}, found {found[path.stem]} and {path}; take one of them away")
        found[path.stem] = path
    if not found:
        raise UserError(f"-videos {folder}: expected videos ({', '.join(ENDINGS)}) with the annotations' names, found none")
    return found


def side_of(name: str) -> str | None:
    """ "left" or "right" where an annotation is that of one of two persons."""
    return next((side for side in SIDES if name.endswith(f"_{side}")), None)


def base_name(name: str) -> str:
    """The video's name without the person's side."""
    side = side_of(name)
    return name.removesuffix(f"_{side}") if side else name


def pick_face(boxes, width: int, side: str | None) -> int | None:
    """The number of the largest of the boxes [N, 4] whose centre is on `side` of a frame `width` px wide; None where there is none."""
    centres, areas = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    allowed = {"left": centres < width / 2, "right": centres >= width / 2, None: centres == centres}[side]
    return int((areas * allowed).argmax()) if allowed.any() else None


class PersonPicker:
    """Picks the face of an annotation's person frame by frame: the largest, or, with a side, the largest of those whose tracks began
    on it. Who crosses the picture stays who he is."""

    def __init__(self, side: str | None):
        from image_classification.CFC_SP.video.cuts import CutDetector
        from image_classification.CFC_SP.video.tracker import FaceTracker

        self._side, self._sides = side, {}
        self._tracker, self._cuts = FaceTracker(), CutDetector()

    def pick(self, time_s: float, image, faces):
        """The box [4] of the person in the next frame, float32, or None; faces: those found in it."""
        import numpy as np

        width = image.shape[1]
        faces = self._tracker.update(time_s, faces, self._cuts.is_cut(image))
        for track, box in zip(faces.tracks.tolist(), faces.boxes, strict=True):
            self._sides.setdefault(track, "left" if (box[0] + box[2]) / 2 < width / 2 else "right")
        own = np.array([self._side in (None, self._sides[track]) for track in faces.tracks.tolist()], bool)
        chosen = pick_face(faces.boxes[own], width, None)
        return None if chosen is None else faces.boxes[own][chosen]


def _start_worker(bundle: str) -> None:
    global _detector
    import cv2

    from image_classification.CFC_SP.inference.bundle import open_bundle
    from image_classification.CFC_SP.inference.face_detector import make_detector

    # The other workers have the other cores.
    cv2.setNumThreads(1)
    _detector = make_detector(open_bundle(bundle))


def cut_faces(video: Path, folder: Path, labels: int, size: int) -> dict:
    """Writes the crops of the first `labels` frames of `video` to `folder`, which is named after the annotation and appears when all
    are there; returns the row of COLUMNS."""
    import cv2

    from image_classification.CFC_SP.core.aligner import crop_face
    from image_classification.CFC_SP.support.errors import UserError
    from image_classification.CFC_SP.video.reader import open_video

    part = folder.with_name(f".part-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    person = PersonPicker(side_of(folder.name))
    try:
        frames = faces = 0
        with open_video(video) as reader:
            for frame in reader:
                frames += 1
                if frames > labels:
                    continue
                box = person.pick(frame.time_s, frame.image, _detector.detect(frame.image))
                if box is not None:
                    faces += 1
                    crop = crop_face(frame.image, box, size)
                    # Aff-Wild2 counts frames from 1.
                    path = part / f"{frame.index + 1:05d}.jpg"
                    if not cv2.imwrite(str(path), crop[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
                        raise UserError(f"{path} could not be written: the disk may be full")
        # What an interrupted call left without a row in the report, or what was cut for another annotation.
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    without = min(frames, labels) - faces
    return dict(zip(COLUMNS, (folder.name, frames, labels, faces, without, reader.damaged, size), strict=True))


if __name__ == "__main__":
    sys.exit(run_script(sys.modules[__name__]))
