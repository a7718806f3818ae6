# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from image_classification.CFC_SP.core.aligner import CropGeometry
from image_classification.CFC_SP.preparing.crop_report import COLUMNS, FORMER_COLUMNS, CropReport
from image_classification.CFC_SP.support.errors import UserError


def row(video, frames=3, labels=3, size=112, align="none"):
    numbers = {"frames": frames, "labels": labels, "faces": 2, "without_face": 1, "damaged_frames": 0, "size": size}
    return {"video": video, **numbers, "align": align}


def test_rows_are_kept_from_call_to_call_in_the_order_of_names(tmp_path):
    CropReport(tmp_path / "crops.csv").add(row("b"))
    CropReport(tmp_path / "crops.csv").add(row("a"))
    report = CropReport(tmp_path / "crops.csv")
    assert (tmp_path / "crops.csv").read_text().splitlines() == [",".join(COLUMNS), "a,3,3,2,1,0,112,none", "b,3,3,2,1,0,112,none"]
    assert report.knows("a", 3) and not report.knows("a", 4) and not report.knows("c", 3)
    assert report.total("faces") == 4


def test_annotations_of_another_length_are_named_with_their_line(tmp_path):
    report = CropReport(tmp_path / "crops.csv")
    for video, labels in (("same", 3), ("more", 5), ("fewer", 2)):
        report.add(row(video, labels=labels))
    assert report.mismatches({name: Path(f"{name}.txt") for name in ("same", "more", "fewer", "absent")}) == [
        "more.txt line 5: 5 labels for 3 frames; from this line on they were left out",
        "fewer.txt: 2 labels for 3 frames; frames from 3 on were left out",
    ]


def test_another_geometry_and_other_files_are_refused(tmp_path):
    CropReport(tmp_path / "crops.csv").check(CropGeometry(64))
    CropReport(tmp_path / "crops.csv").add(row("a"))
    report = CropReport(tmp_path / "crops.csv")
    report.check(CropGeometry(112))
    with pytest.raises(UserError, match="-size 64: found crops of 112 px in"):
        report.check(CropGeometry(64))
    with pytest.raises(UserError, match="-align similarity: found crops of -align none in"):
        report.check(CropGeometry(112, align="similarity"))
    (tmp_path / "crops.csv").write_text(f"{','.join(COLUMNS)}\na,three,3,2,1,0,112,none\n")
    with pytest.raises(UserError, match="expected numbers for 'a', found others"):
        CropReport(tmp_path / "crops.csv")


def test_a_report_without_the_alignment_is_of_boxes(tmp_path):
    (tmp_path / "crops.csv").write_text(f"{','.join(FORMER_COLUMNS)}\na,3,3,2,1,0,112\n")
    report = CropReport(tmp_path / "crops.csv")
    report.check(CropGeometry(112))
    report.add(row("b"))
    assert (tmp_path / "crops.csv").read_text().splitlines()[1:] == ["a,3,3,2,1,0,112,none", "b,3,3,2,1,0,112,none"]
