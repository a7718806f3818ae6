# SPDX-License-Identifier: Apache-2.0
"""EAF files: as other libraries and the format's schema see them, and files of ELAN's own kind."""

import subprocess
import sys
import tarfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from image_classification.CFC_SP.core.annotation import Annotation, Interval
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.writers.elan import read_eaf, write_eaf
from tests.work import bounded_work
from tests.writers.annotations import MADE_UP

# As ELAN writes it: a chain with a slot that has no time, a dependent tier, a video that begins 2 s earlier, a point in the future.
BY_HAND = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T12:00:00+01:00" FORMAT="{version}" VERSION="{version}">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///clips/a.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="2000"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
  </TIME_ORDER>
  <TIER TIER_ID="Mother" LINGUISTIC_TYPE_REF="t">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>happy</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE> </ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="notes" LINGUISTIC_TYPE_REF="u" PARENT_REF="Mother">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
      <ANNOTATION_VALUE>R&amp;D</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "out" / "segments.eaf"
    path.parent.mkdir()
    write_eaf(path, replace(MADE_UP, media=str(tmp_path / "clip één.mp4")))
    return path


def test_what_was_written_is_read_back(written, tmp_path):
    found = read_eaf(written)
    assert found.intervals == MADE_UP.intervals and found.tracks == MADE_UP.tracks
    assert found.media == f"file://{tmp_path}/clip één.mp4"


def test_another_library_reads_the_same(written, recwarn):
    pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")
    eaf = pympi.Elan.Eaf(str(written))
    assert not recwarn, "it is of a version that is known"
    for track, intervals in MADE_UP.by_track().items():
        values = [(round(1000 * i.start_s), round(1000 * i.end_s), i.label) for i in intervals]
        assert sorted(eaf.get_annotation_data_for_tier(f"track {track}")) == values
        sure = sorted(eaf.get_annotation_data_for_tier(f"track {track} confidence"))
        assert [(float(value), label) for _, _, value, label in sure] == [(i.confidence, i.label) for i in intervals]
    (media,) = eaf.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "../clip één.mp4" and media["MIME_TYPE"] == "video/mp4"


def test_time_slots_are_in_order_and_labels_of_a_vocabulary(written):
    root = ElementTree.parse(written).getroot()
    times = [int(slot.get("TIME_VALUE")) for slot in root.find("TIME_ORDER")]
    assert times == sorted(times) and len(times) == 2 * len(MADE_UP.intervals)
    assert [value.text for value in root.iter("CVE_VALUE")] == list(EXPR)
    kinds = [child.tag for child in root]
    assert kinds == sorted(
        kinds, key=["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY"].index
    )


def test_a_kind_of_file_that_is_no_video_is_not_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr("mimetypes.guess_type", lambda path: ("text/vnd.trolltech.linguist", None))
    write_eaf(tmp_path / "a.eaf", replace(MADE_UP, media=str(tmp_path / "a.ts")))
    (media,) = ElementTree.parse(tmp_path / "a.eaf").getroot().iter("MEDIA_DESCRIPTOR")
    assert media.get("MIME_TYPE") == "unknown" and media.get("RELATIVE_MEDIA_URL") == "./a.ts"


@pytest.mark.slow
@pytest.mark.parametrize("annotation", [MADE_UP, Annotation((), ())], ids=["some", "none"])
def test_it_is_valid_against_elan_s_schema(written, tmp_path, annotation):
    """The schema comes with the source package of pympi-ling."""
    lxml = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", tmp_path, "pympi-ling==1.71"]
    if subprocess.run(fetch, capture_output=True).returncode:
        pytest.skip("the package that holds the schema cannot be fetched")
    with tarfile.open(next(tmp_path.glob("pympi*.tar.gz"))) as package:
        schema = lxml.XMLSchema(lxml.parse(package.extractfile("pympi_ling-1.71/test/EAFv3.0.xsd")))
    write_eaf(written, replace(annotation, media=str(tmp_path / "clip één.mp4")))
    schema.assertValid(lxml.parse(str(written)))


@pytest.mark.parametrize("version", ["2.7", "2.8", "3.0"])
def test_a_file_of_elan_s_kind_is_read(tmp_path, version):
    (tmp_path / "a.eaf").write_text(BY_HAND.format(version=version), encoding="utf-8")
    found = read_eaf(tmp_path / "a.eaf")
    assert found.intervals == (Interval("Mother", 3.0, 3.5, "happy"), Interval("notes", 3.5, 4.0, "R&D"))
    assert found.tracks == ("Mother", "notes") and found.media == "file:///clips/a.mp4"


WHOLE = BY_HAND.format(version="3.0")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no element found"),
        (WHOLE[:900], "unclosed token"),
        (BY_HAND.format(version="4.0"), "version is '4.0'"),
        (WHOLE.replace("milliseconds", "PAL-frames"), "PAL-frames"),
        (WHOLE.replace('TIME_SLOT_REF2="ts3"', 'TIME_SLOT_REF2="ts9"'), "'ts9' is missing"),
        (WHOLE.replace('ANNOTATION_REF="a2"', 'ANNOTATION_REF="a7"'), "'a7' is missing"),
        (WHOLE.replace(' TIME_VALUE="2000"', ""), "has no time"),
        (WHOLE.replace('TIME_VALUE="2000"', 'TIME_VALUE="later"'), "invalid literal"),
        (WHOLE.replace('TIME_VALUE="2000"', 'TIME_VALUE="500"'), "ends after it begins"),
        ("<html><body/></html>", "begins with 'html'"),
        ('<?xml version="1.0" encoding="UTnull"?><ANNOTATION_DOCUMENT/>', "unknown encoding: UTnull"),
    ],
)
def test_what_is_no_whole_file_of_ours_is_told(tmp_path, content, told):
    (tmp_path / "a.eaf").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"a.eaf: expected a whole EAF file, found none .*({told})"):
        read_eaf(tmp_path / "a.eaf")


BOMB = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    "prolog",
    [
        f"<!DOCTYPE a [{BOMB}]>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
    ],
    ids=["bomb", "external entity", "external DTD"],
)
def test_entities_are_refused_unread(tmp_path, prolog):
    path = tmp_path / "a.eaf"
    path.write_text(WHOLE.replace("?>", f"?>{prolog}").replace("happy", "&a9;" if "a9" in prolog else "&x;"), encoding="utf-8")
    with bounded_work(2000), pytest.raises(UserError, match="a DTD or entities"):
        read_eaf(path)
