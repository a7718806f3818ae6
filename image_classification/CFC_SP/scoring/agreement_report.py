# SPDX-License-Identifier: Apache-2.0
"""What becomes of an agreement: lines to read, tables, and a picture of the confusion."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path

from ..support.csv_files import plain_cells
from ..support.errors import UserError
from ..support.files import atomic_path, make_folder
from ..writers.timeline import printable
from ..writers.track_names import tier_of
from .agreement_picture import draw_agreement
from .confusion import draw_confusion, write_confusion
from .label_mapping import CLASSES
from .rater_agreement import NOTHING, AgreementScores, Disagreement, TrackAgreement, total

MOST_SHOWN = 10
"""The disagreements that are shown: the longest."""
FILES = ("agreement.csv", "confusion.csv", "confusion.png", "disagreements.csv", "agreement.png")
"""What `write_agreement` writes."""


def longest_first(tracks: Sequence[TrackAgreement]) -> list[Disagreement]:
    """All disagreements, the longest first."""
    found = [disagreement for track in tracks for disagreement in track.disagreements()]
    return sorted(found, key=lambda d: (round(d.start_s - d.end_s, 6), d.clip, d.track, d.start_s))


def lines_of_agreement(tracks: Sequence[TrackAgreement], names: Sequence[str] = ("OURS", "THEIRS")) -> list[str]:
    """Kappa and scores over all, and of each track where there are several; the classes, in seconds; and the longest disagreements."""
    clips = {track.clip for track in tracks}
    lines = [f"OURS: {names[0]}. THEIRS: {names[1]}, taken as the truth. {1 / tracks[0].every_s:.4g} samples a second."]
    lines.append(
        f"  {'':<20} {'kappa':>7} {'alike':>7} {'macro-F1':>9} {'classes':>8} {'both, s':>9} {'OURS alone':>11} {'THEIRS alone':>13}"
    )
    lines.append(_line("all", tracks))
    if len(tracks) > 1:
        lines += [_line(_place(track, clips), [track]) for track in tracks]
    scores = total(tracks)
    own, seconds = scores.scores, scores.scores.confusion * tracks[0].every_s
    lines.append(f"  {'THEIRS':<10} {'prec.':>6} {'recall':>6} {'F1':>6}  seconds as " + " ".join(f"{name:>9}" for name in scores.classes))
    for i, name in enumerate(scores.classes):
        shares = f"{own.precision[i]:>6.3f} {own.recall[i]:>6.3f} {own.f1[i]:>6.3f}"
        lines.append(f"  {name:<10} {shares}             " + " ".join(f"{value:>9.2f}" for value in seconds[i]))
    longest = longest_first(tracks)
    if longest:
        lines.append(f"The longest of {len(longest)} disagreements:" if len(longest) > MOST_SHOWN else "Disagreements, the longest first:")
    for one in longest[:MOST_SHOWN]:
        where = _place(one, clips)
        lines.append(f"  {one.start_s:.2f} to {one.end_s:.2f} s{', ' * bool(where)}{where}: OURS {one.ours}, THEIRS {one.theirs}")
    return lines


def _place(one: TrackAgreement | Disagreement, clips: set[str]) -> str:
    """The clip and the track, as far as they tell anything apart."""
    return ", ".join(filter(None, (one.clip if len(clips) > 1 else "", tier_of(one.track))))


def _line(name: str, tracks: Sequence[TrackAgreement]) -> str:
    alone = (sum(track.seconds((ours != NOTHING) & (theirs == NOTHING)) for track, ours, theirs in side) for side in _both_ways(tracks))
    figures = f"{'':>7} {'':>7} {'':>9} {'':>8} {0:>9.2f}"
    if any(track.both.any() for track in tracks):
        scores = total(tracks)
        kappa = "-" if isnan(scores.kappa) else f"{scores.kappa:.4f}"
        own = scores.scores
        figures = f"{kappa:>7} {own.accuracy:>7.2%} {own.macro_f1:>9.4f} {len(scores.classes):>8} {scores.seconds:>9.2f}"
    return f"  {name:<20} {figures} {next(alone):>11.2f} {next(alone):>13.2f}"


def _both_ways(tracks: Sequence[TrackAgreement]) -> Iterator[list[tuple]]:
    yield [(track, track.ours, track.theirs) for track in tracks]
    yield [(track, track.theirs, track.ours) for track in tracks]


def write_agreement(tracks: Sequence[TrackAgreement], folder: str | Path, names: Sequence[str] = ("OURS", "THEIRS")) -> list[Path]:
    """Writes FILES to `folder`, made where it is missing, and returns them; raises UserError where that cannot be done.

    agreement.csv: a row for all and a row a track. confusion.csv: samples, rows what theirs says. disagreements.csv: the longest first.
    """
    folder = Path(folder)
    scores = total(tracks)
    try:
        make_folder(folder)
        with _table(folder / FILES[0]) as rows:
            rows.writerow(["clip", "track", *_figures(scores, tracks)])
            rows.writerow(["all", "", *_figures(scores, tracks).values()])
            for track in tracks:
                figures = _figures(total([track]), [track]) if track.both.any() else {}
                rows.writerow(plain_cells([track.clip, track.track, *(figures.get(name, "") for name in _figures(scores, tracks))]))
        write_confusion(scores.scores.confusion, scores.classes, folder / FILES[1])
        title = f"kappa {scores.kappa:.2f}, {scores.scores.accuracy:.0%} of {scores.seconds:.1f} s alike"
        # A dollar sign in a name is no formula.
        sides = tuple(printable(name)[:60].replace("$", r"\$") for name in (names[1], names[0]))
        draw_confusion(scores.scores.confusion, scores.classes, title, folder / FILES[2], sides)
        with _table(folder / FILES[3]) as rows:
            rows.writerow(["clip", "track", "start_s", "end_s", "ours", "theirs"])
            for one in longest_first(tracks):
                rows.writerow(plain_cells([one.clip, one.track, f"{one.start_s:.3f}", f"{one.end_s:.3f}", one.ours, one.theirs]))
        draw_agreement(tracks, names, folder / FILES[4])
    except OSError as error:
        raise UserError(f"{folder}: cannot be written to ({error.strerror}): choose another -out") from error
    return [folder / name for name in FILES]


def _figures(scores: AgreementScores, tracks: Sequence[TrackAgreement]) -> dict[str, str]:
    own = scores.scores
    f1 = dict(zip(scores.classes, own.f1, strict=True))
    return {
        "samples": str(int(own.confusion.sum())),
        "every_s": f"{tracks[0].every_s:g}",
        "kappa": "" if isnan(scores.kappa) else f"{scores.kappa:.6f}",
        "agreement": f"{own.accuracy:.6f}",
        "macro_f1": f"{own.macro_f1:.6f}",
        **{f"f1_{name.lower()}": f"{f1[name]:.6f}" if name in f1 else "" for name in CLASSES},
    }


@contextmanager
def _table(path: Path) -> Iterator:
    with atomic_path(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        yield csv.writer(file, lineterminator="\n")
