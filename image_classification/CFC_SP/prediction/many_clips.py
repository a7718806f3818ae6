"""Many clips in one call: a failing one is reported and the rest go on, finished ones can be skipped."""

import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..core.records import Summary
from ..support.errors import UserError
from ..support.files import sha256_of
from ..support.progress import shown, unwatched
from ..video.clip import open_clip
from ..writers.output import FILES, OutputFolder
from ..writers.result_json import read_head, read_summary
from .clip_search import Clip
from .clip_table import ClipTable
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
    """Writes the results of each clip below `root`, in a folder each, and their table; returns how many failed.

    A failure is one sentence on standard error.

    resume: clips `finished_before` are skipped; raises UserError where the formats lack the json that tells it. verbosity: -1 says
    nothing but errors, 0 shows progress and a summary of each clip, 1 more of it.
    """
    if resume and "json" not in formats:
        raise UserError(f"-resume: expected json among -formats, which tells what is finished, found {','.join(formats)}: add json")
    finish_left_recordings(root)
    clips = list(clips)
    table, failed = ClipTable(root, lists_failures=len(clips) > 1), 0
    for clip in clips:
        folder = None
        try:
            with table.clip(clip.path, clip.name) as row:
                if clip.fault:
                    raise UserError(clip.fault)
                if resume and (before := finished_before(Path(root) / row.folder, clip.path, formats, options, recognizer)):
                    row.count(before)
                    if verbosity >= 0:
                        print(f"{clip.path.name!r}: finished before, skipped.")
                    continue
                folder = OutputFolder(root, row.folder, formats)
                summary = write_clip(recognizer, clip.path, folder, options, unwatched if verbosity < 0 else shown)
                row.count(summary)
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
    if failed and len(clips) > 1:
        print(f"error: {failed} of {len(clips)} clips failed; the others are done", file=sys.stderr)
    return failed


def finished_before(folder: Path, path: Path, formats: tuple[str, ...], options: ClipOptions, recognizer: Recognizer) -> Summary | None:
    """The summary of a whole result of the clip at `path` in `folder`; None where there is none.

    Its result.json is whole and of the same bundle, options and clip (size and time of its file), and every other format is there as that
    file's checksums say.
    """
    head = read_head(folder / FILES["json"])
    # Results of earlier versions lack some of this.
    if head is None or head["bundle"]["sha256"] != recognizer.model.bundle.sha256 or head.get("options") != recognizer.asked(options):
        return None
    with open_clip(path, fps=options.fps, max_pixels=options.max_pixels) as reader:
        if any(head["source"][key] != getattr(reader.source, key) for key in ("size_bytes", "modified_s")):
            return None
    wanted = [FILES[name] for name in formats if name != "json"]
    if not all((folder / name).is_file() and head["files"].get(name) == sha256_of(folder / name) for name in wanted):
        return None
    # It may be damaged in what is read of it here alone.
    with suppress(UserError):
        return read_summary(folder / FILES["json"])
    return None
