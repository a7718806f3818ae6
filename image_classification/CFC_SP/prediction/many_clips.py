"""Many clips in one call: a failing one is reported and the rest go on, finished ones can be skipped."""

import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.progress import shown, unwatched
from ..video.clip import Clip, open_clip
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import read_head
from .clip_writer import write_clip
from .closing_summary import describe, describe_files
from .options import ClipOptions
from .recognizer import Recognizer
from .recording import finish_left_recordings


def write_clips(
    recognizer: Recognizer,
    clips: Iterable[Clip],
    root: str | Path,
    formats: tuple[str, ...],
    options: ClipOptions,
    resume: bool = False,
    verbosity: int = 0,
) -> int:
    """Writes the results of each clip below `root` and returns how many failed; a failure is one sentence on standard error.

    resume: clips that `is_finished` are skipped; raises UserError where the formats lack the json that tells it. verbosity: -1 says
    nothing but errors, 0 shows progress and a summary of each clip, 1 more of it.
    """
    if resume and "json" not in formats:
        raise UserError(f"-resume: expected json among -formats, which tells what is finished, found {','.join(formats)}: add json")
    finish_left_recordings(root)
    failed = 0
    for clip in clips:
        folder = None
        try:
            if resume and is_finished(Path(root) / clip.name, clip, formats, options, recognizer):
                if verbosity >= 0:
                    print(f"{clip.path.name!r}: finished before, skipped.")
                continue
            folder = OutputFolder(root, clip.name, formats)
            summary = write_clip(recognizer, clip.path, folder, options, unwatched if verbosity < 0 else shown)
            if verbosity >= 0:
                print(describe(summary, folder.files, details=verbosity > 0))
        except UserError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            if folder is not None and folder.files:
                print(f"What was done before that is whole:\n{describe_files(folder.files)}", file=sys.stderr)
        except Exception:
            # A fault of ours, which its traceback tells: the clips behind this one are looked at all the same.
            failed += 1
            traceback.print_exc()
    return failed


def is_finished(folder: Path, clip: Clip, formats: tuple[str, ...], options: ClipOptions, recognizer: Recognizer) -> bool:
    """Whether `folder` holds a whole result of the clip: its result.json is whole and of the same bundle, options and clip (size
    and time of its file), and every other format is there as that file's checksums say."""
    head = read_head(folder / FILES["json"])
    # Results of earlier versions lack some of this.
    if head is None or head["bundle"]["sha256"] != recognizer.model.bundle.sha256 or head.get("options") != recognizer.asked(options):
        return False
    with open_clip(clip.path, fps=options.fps, max_pixels=options.max_pixels) as reader:
        if any(head["source"][key] != getattr(reader.source, key) for key in ("size_bytes", "modified_s")):
            return False
    wanted = [FILES[name] for name in formats if name != "json"]
    return all((folder / name).is_file() and head["files"].get(name) == sha256_of(folder / name) for name in wanted)
