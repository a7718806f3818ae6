# SPDX-License-Identifier: Apache-2.0
"""Cuts the faces out of Aff-Wild2's videos, as prediction does, ready for training.

cfc-sp prepare -video videos -data affwild2

The folder -data holds EXPR_Classification_Challenge/ as distributed. The folder -video holds <video>.mp4 or .avi, in folders of any
depth. For every frame with a face, crops/<video>/ in -data receives a picture such as 00001.jpg; crops.csv there receives a row for
every video. The largest face counts. For a video whose name ends in _left or _right, only faces that came into view on that side count.
A training needs the DATA.ALIGN that equals the -align of its crops.
After an interruption, give the same command again: it skips videos that are done.
"""

import sys
from pathlib import Path

from ..core.alignment import ALIGNMENTS
from ..support.command_line import Parser, add_jobs_option


def add_options(parser: Parser) -> None:
    parser.option("video", required=True, type=Path, metavar="FOLDER", help="the folder that holds the videos")
    parser.option("data", required=True, type=Path, metavar="FOLDER", help="the data set's folder with EXPR_Classification_Challenge/")
    parser.option("size", type=int, default=224, metavar="PX", help="side of the crops (default: 224)")
    align = "turn faces upright by their five points, as the paper's configs want (similarity, the default), or cut out boxes (none)"
    parser.option("align", default="similarity", choices=ALIGNMENTS, help=align)
    add_jobs_option(parser, "videos")
    parser.option("bundle", default="lite", metavar="FOLDER", help="the bundle whose face detector is used (default: lite)")


def run(arguments) -> int:
    from ..core.aligner import CropGeometry
    from ..data.affwild2 import CROPS, read_annotation
    from ..inference.bundle import open_bundle
    from ..preparing.crop_report import CropReport
    from ..preparing.face_crops import base_name, cut_faces, find_annotations, find_videos, start_worker
    from ..support.errors import UserError
    from ..support.process_pool import in_processes

    if not 16 <= arguments.size <= 1024:
        raise UserError(f"-size: expected 16 to 1024 px, found {arguments.size}")
    annotations = find_annotations(arguments.data)
    counts = {name: len(read_annotation(path)) for name, path in annotations.items()}
    videos = find_videos(arguments.video, {base_name(name) for name in annotations})
    crops, report = arguments.data / CROPS, CropReport(arguments.data / f"{CROPS}.csv")
    geometry = CropGeometry(arguments.size, align=arguments.align)
    report.check(geometry)
    # A mistake shows here, and not in every worker.
    open_bundle(arguments.bundle)
    crops.mkdir(exist_ok=True)
    left = [name for name, labels in counts.items() if not ((crops / name).is_dir() and report.knows(name, labels))]
    missing = [name for name in left if base_name(name) not in videos]
    tasks = {name: (videos[base_name(name)], crops / name, counts[name], geometry) for name in left if name not in missing}
    print(f"{len(counts)} annotated videos: {len(counts) - len(left)} done before, {len(tasks)} to do, {len(missing)} missing")
    failed = [f"{annotations[name]}: no video {base_name(name)} under {arguments.video}" for name in missing]
    for name, result in in_processes(cut_faces, tasks, arguments.jobs, "videos", start_worker, (arguments.bundle,)):
        try:
            report.add(result())
        except UserError as error:
            failed.append(f"{name}: {error}")
    failed += report.mismatches(annotations)
    for line in failed:
        print(f"warning: {line}", file=sys.stderr)
    print(f"{report.total('faces')} crops, {report.total('without_face')} frames without a face; {report.path}")
    return 1 if failed else 0
