# SPDX-License-Identifier: Apache-2.0
"""The part of `cfc-sp evaluate` that scores clips which people labelled, as `cfc-sp agree` counts.

cfc-sp evaluate -video clips -annotations labels -mapping labels.yaml
"""

import sys
from collections import deque

from ..support.command_line import MISTAKE, Parser
from .measure_agreement import add_agreement_options


def add_options(parser: Parser) -> None:
    parser.option("video", nargs="+", metavar="PATH", help="instead of a data set: clips that people labelled, or folders of them")
    parser.option("annotations", metavar="PATH", help="their labels: a folder of files named after the clips, or one file")
    add_agreement_options(parser)


def run(arguments) -> int:
    from ..core.annotation import annotation_of
    from ..prediction.clip_search import find_clips
    from ..prediction.recognizer import Recognizer
    from ..scoring.agreement_report import lines_of_agreement, write_agreement
    from ..scoring.annotated_clips import annotations_of
    from ..scoring.label_mapping import LabelMapping, read_mapping
    from ..scoring.rater_agreement import compare, in_same_classes
    from ..support.errors import UserError

    if not (arguments.annotations and arguments.video) or arguments.data or arguments.flip:
        raise UserError("expected clips and their labels: give -video and -annotations, and neither -data nor -flip")
    mapping = read_mapping(arguments.mapping) if arguments.mapping else LabelMapping()
    clips = {}
    for clip in find_clips(arguments.video)[0]:
        if clip.fault or clip.name in clips:
            raise UserError(clip.fault or f"expected clips of different names, found two called {clip.name!r}: rename one, and its labels")
        clips[clip.name] = clip
    annotations = annotations_of(clips, arguments.annotations, mapping)
    for name in [name for name in clips if name not in annotations]:
        print(f"{name}: no annotation, left out", file=sys.stderr)
    tracks, failed = [], 0
    with Recognizer(arguments.bundle, arguments.device, arguments.engine, arguments.precision) as recognizer:
        for name, (file, theirs) in annotations.items():
            try:
                with recognizer.video(clips[name].path) as session:
                    deque(session, maxlen=0)
                    ours = annotation_of(session.summary, str(clips[name].path), session.summary.source.zero_s)
                comparison = compare(ours, theirs, mapping, arguments.every, (name, str(file)))
            except UserError as error:
                failed += 1
                print(f"error: {error}", file=sys.stderr)
                continue
            tracks += comparison.tracks
            for note in comparison.notes:
                print(f"{name}: {note}", file=sys.stderr)
    if not tracks:
        return MISTAKE
    tracks = in_same_classes(tracks)
    names = f"bundle {arguments.bundle}", str(arguments.annotations)
    print("\n".join(lines_of_agreement(tracks, names)))
    for path in write_agreement(tracks, arguments.out, names) if arguments.out else []:
        print(path)
    return MISTAKE if failed else 0
