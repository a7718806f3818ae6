# SPDX-License-Identifier: Apache-2.0
"""What is said and written of an agreement."""

import csv

import pytest
from PIL import Image

from image_classification.CFC_SP.core.annotation import Interval, annotation_from
from image_classification.CFC_SP.scoring.agreement_report import FILES, MOST_SHOWN, lines_of_agreement, write_agreement
from image_classification.CFC_SP.scoring.rater_agreement import compare
from image_classification.CFC_SP.support.errors import UserError


@pytest.fixture(scope="module")
def tracks():
    ours = annotation_from([Interval("1", 0.0, 40.0, "Neutral"), Interval("2", 0.0, 2.0, "Anger")])
    own = [Interval("1", i, i + 1.0 - i / 100, "happy") for i in range(0, 30, 2)]
    return compare(
        ours, annotation_from([*own, Interval("1", 30.0, 38.0, "neutral"), Interval("2", 1.0, 3.0, "angry")]), names=("clip", "a$b$.eaf")
    ).tracks


def rows_of(path) -> list[dict]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_lines_name_what_is_compared_and_the_longest_disagreements(tracks):
    lines = lines_of_agreement(tracks, ("clip", "a$b$.eaf"))
    assert lines[0] == "OURS: clip. THEIRS: a$b$.eaf, taken as the truth. 25 samples a second."
    names, figures = [line.split() for line in lines[1:3]], {line.split("  ")[1].strip(): line.split() for line in lines[2:5]}
    assert names[0][0] == "kappa" and list(figures) == ["all", "track 1", "track 2"]
    assert figures["track 2"][2:] == ["-", "100.00%", "1.0000", "1", "1.00", "1.00", "1.00"], "one class alone: no kappa"
    assert "The longest of 15 disagreements:" in lines and len(lines) == lines.index("The longest of 15 disagreements:") + 1 + MOST_SHOWN
    assert lines[-MOST_SHOWN] == "  0.00 to 1.00 s, track 1: OURS Neutral, THEIRS Happiness"


def test_tables_and_a_picture_are_written(tracks, tmp_path):
    files = write_agreement(tracks, tmp_path / "new", ("clip", "a$b$.eaf"))
    assert [path.name for path in files] == list(FILES) and sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(FILES)
    everything, first, second = rows_of(files[0])
    assert (everything["clip"], first["track"], second["track"], second["kappa"]) == ("all", "1", "2", "")
    assert int(everything["samples"]) == int(first["samples"]) + int(second["samples"]) and second["f1_anger"] == "1.000000"
    confusion = {row.pop("true"): {name: int(count) for name, count in row.items()} for row in rows_of(files[1])}
    assert sum(sum(row.values()) for row in confusion.values()) == int(everything["samples"]) and confusion["Anger"]["Anger"] == 25
    told = rows_of(files[3])
    assert told[0] == {"clip": "clip", "track": "1", "start_s": "0.000", "end_s": "1.000", "ours": "Neutral", "theirs": "Happiness"}
    lengths = [float(row["end_s"]) - float(row["start_s"]) for row in told]
    assert len(told) == 15 and lengths == sorted(lengths, reverse=True)
    assert Image.open(files[2]).size[0] > 400


def test_a_folder_that_cannot_be_written_to_is_told(tracks, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="-out: expected a folder, found a file at .*choose another -out"):
        write_agreement(tracks, tmp_path / "file")
