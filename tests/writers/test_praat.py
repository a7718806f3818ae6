# SPDX-License-Identifier: Apache-2.0
"""TextGrid files, as Praat itself reads them, and as Praat writes them."""

from itertools import pairwise

import pytest

from image_classification.CFC_SP.core.annotation import Annotation, Interval
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.praat import read_textgrid, write_textgrid
from tests.writers.annotations import MADE_UP

SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"Face 1 ""left"""
0
2.5
2
0
1.25
"said ""no"""
1.25
2.5
""
"TextTier"
"clicks"
0
2.5
1
0.7
"x"
'''


def test_what_was_written_is_read_back(tmp_path):
    write_textgrid(tmp_path / "a.TextGrid", MADE_UP)
    found = read_textgrid(tmp_path / "a.TextGrid")
    assert [(i.track, i.start_s, i.end_s, i.label) for i in found.intervals] == [
        (i.track, i.start_s, i.end_s, i.label) for i in MADE_UP.intervals
    ]
    assert found.tracks == MADE_UP.tracks and found.end_s == MADE_UP.end_s


def test_praat_reads_the_same(tmp_path):
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    write_textgrid(tmp_path / "a.TextGrid", MADE_UP)
    grid = parselmouth.read(str(tmp_path / "a.TextGrid"))

    def ask(command: str, *numbers: int):
        return parselmouth.praat.call(grid, command, *numbers)

    assert ask("Get number of tiers") == 3 and ask("Get end time") == MADE_UP.end_s
    for tier, (track, intervals) in enumerate(MADE_UP.by_track().items(), 1):
        assert ask("Get tier name", tier) == f"track {track}"
        places = range(1, ask("Get number of intervals", tier) + 1)
        bounds = [(ask("Get start time of interval", tier, i), ask("Get end time of interval", tier, i)) for i in places]
        labels = [ask("Get label of interval", tier, i) for i in places]
        assert bounds[0][0] == 0 and bounds[-1][1] == MADE_UP.end_s
        assert all(before[1] == after[0] for before, after in pairwise(bounds)), "no gap"
        said = [(*bound, label) for bound, label in zip(bounds, labels, strict=True) if label]
        assert said == [(i.start_s, i.end_s, i.label) for i in intervals]


def test_a_clip_without_a_face_is_a_grid_that_praat_takes(tmp_path):
    write_textgrid(tmp_path / "a.TextGrid", Annotation((), (), None, 0.0))
    assert not read_textgrid(tmp_path / "a.TextGrid").intervals
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    assert parselmouth.praat.call(parselmouth.read(str(tmp_path / "a.TextGrid")), "Get number of tiers") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_short_form_is_read_in_praat_s_encodings(tmp_path, encoding):
    (tmp_path / "a.textgrid").write_text(SHORT.replace("no", "né"), encoding=encoding)
    found = read_textgrid(tmp_path / "a.textgrid")
    assert found == Annotation((Interval('Face 1 "left"', 0.0, 1.25, 'said "né"'),), ('Face 1 "left"',), None, 2.5)


def test_what_praat_writes_is_read(tmp_path):
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    grid = parselmouth.praat.call("Create TextGrid", 0, 3, "a b", "b")
    parselmouth.praat.call(grid, "Insert boundary", 1, 1.5)
    parselmouth.praat.call(grid, "Set interval text", 1, 2, "joy ! item [1]: 5")
    for form in ("Save as text file...", "Save as short text file..."):
        parselmouth.praat.call(grid, form, str(tmp_path / "a.TextGrid"))
        assert read_textgrid(tmp_path / "a.TextGrid").intervals == (Interval("a", 1.5, 3.0, "joy ! item [1]: 5"),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is cut"),
        (SHORT[:150].encode(), "it is cut"),
        (SHORT.replace("TextGrid", "Sound 2").encode(), "begins with"),
        (SHORT.replace("IntervalTier", "Tier").encode(), "kind"),
        (SHORT.replace("1.25\n2.5\n", "1.25\n").encode(), "in the place"),
        (SHORT.replace("0\n1.25", "1.5\n1.25").encode(), "ends after it begins"),
        (SHORT.replace("2\n0\n1.25", "9999999999\n0\n1.25").encode(), "cut|place"),
        (b"ooBinaryFile\x08TextGrid\x00\xff\xff", "codec|begins|cut"),
        ("\N{GREEK SMALL LETTER ALPHA}".encode("utf-16")[:3], "codec|truncated"),
    ],
)
def test_what_is_no_whole_textgrid_is_told(tmp_path, content, told):
    (tmp_path / "a.TextGrid").write_bytes(content)
    with pytest.raises(UserError, match=f"a.TextGrid: expected a whole TextGrid as text, found none .*({told})"):
        read_textgrid(tmp_path / "a.TextGrid")
