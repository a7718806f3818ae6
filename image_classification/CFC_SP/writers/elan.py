# SPDX-License-Identifier: Apache-2.0
"""ELAN annotation files (EAF): a tier a track, and a dependent tier of its confidences."""

import mimetypes
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree as etree

from ..core.annotation import Annotation, Interval, annotation_from
from ..core.labels import EXPR
from ..support.errors import UserError
from ..support.files import open_bounded
from .media_paths import relative_path, with_slashes
from .track_names import tier_of, track_of

FORMAT = "3.0"
"""The version of EAF that is written."""
CONFIDENCE = " confidence"
"""What the name of a tier of confidences ends with."""
MAX_BYTES = 64 << 20
"""The largest file that is read: a hundred thousand annotations have as much."""
_SCHEMA = {
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:noNamespaceSchemaLocation": f"http://www.mpi.nl/tools/elan/EAFv{FORMAT}.xsd",
}
_EXPRESSION, _CERTAINTY, _VOCABULARY, _ONE_TO_ONE = "expression", "confidence", "expressions", "Symbolic_Association"
_LANGUAGE = {"LANG_ID": "eng", "LANG_DEF": "http://cdb.iso.org/lg/CDB-00138502-001", "LANG_LABEL": "English (eng)"}


def write_eaf(path: str | os.PathLike, annotation: Annotation) -> None:
    """Writes the intervals to the file `path` as EAF 3.0, valid against its schema: UTF-8, times in milliseconds, in order.

    A tier a track, named "track 1", whose annotations are of a closed vocabulary of the eight classes; below it a tier "track 1
    confidence", one number an annotation. The video's address is absolute and, for a folder that is moved as a whole, relative.
    """
    root = etree.Element("ANNOTATION_DOCUMENT", AUTHOR="cfc-sp", DATE=_now(), FORMAT=FORMAT, VERSION=FORMAT, **_SCHEMA)
    head = etree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if annotation.media:
        etree.SubElement(head, "MEDIA_DESCRIPTOR", _media(annotation.media, os.path.dirname(os.path.abspath(path))))
    slots = _add_slots(root, annotation)
    count = 0
    for track, intervals in annotation.by_track().items():
        count = _add_tiers(root, track, intervals, slots, count)
    etree.SubElement(head, "PROPERTY", NAME="lastUsedAnnotationId").text = str(count)
    of_tier = {"GRAPHIC_REFERENCES": "false", "TIME_ALIGNABLE": "true", "CONTROLLED_VOCABULARY_REF": _VOCABULARY}
    etree.SubElement(root, "LINGUISTIC_TYPE", of_tier, LINGUISTIC_TYPE_ID=_EXPRESSION)
    below = {"GRAPHIC_REFERENCES": "false", "TIME_ALIGNABLE": "false", "CONSTRAINTS": _ONE_TO_ONE}
    etree.SubElement(root, "LINGUISTIC_TYPE", below, LINGUISTIC_TYPE_ID=_CERTAINTY)
    etree.SubElement(root, "LANGUAGE", _LANGUAGE)
    etree.SubElement(root, "CONSTRAINT", STEREOTYPE=_ONE_TO_ONE, DESCRIPTION="1-1 association with a parent annotation")
    _add_vocabulary(root, dict.fromkeys([*EXPR, *(interval.label for interval in annotation.intervals)]))
    etree.indent(root, "    ")
    etree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _media(path: str, folder: str) -> dict[str, str]:
    """The video as ELAN's own files name it: paths as they are, none of their letters escaped."""
    kind = mimetypes.guess_type(path)[0] or ""
    return {
        "MEDIA_URL": f"file:///{with_slashes(path).lstrip('/')}",
        # Some systems take .ts for a table of translations.
        "MIME_TYPE": kind if kind.startswith("video/") else "unknown",
        "RELATIVE_MEDIA_URL": relative_path(path, folder),
    }


def _add_slots(root: etree.Element, annotation: Annotation) -> dict[Interval, list[str]]:
    """Adds the time slots, two an interval, in order of time; returns the names of the two of each interval."""
    order = etree.SubElement(root, "TIME_ORDER")
    times = [(round(1000 * time_s), interval) for interval in annotation.intervals for time_s in (interval.start_s, interval.end_s)]
    names: dict[Interval, list[str]] = {}
    for number, (time_ms, interval) in enumerate(sorted(times, key=lambda item: item[0]), 1):
        etree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time_ms))
        names.setdefault(interval, []).append(f"ts{number}")
    return names


def _add_tiers(root: etree.Element, track: str, intervals: list[Interval], slots: dict[Interval, list[str]], count: int) -> int:
    """Adds a track's two tiers; `count` annotations have names already, and it returns how many have then."""
    tier = tier_of(track)
    own = etree.SubElement(root, "TIER", LINGUISTIC_TYPE_REF=_EXPRESSION, PARTICIPANT=tier, TIER_ID=tier)
    below = {"LINGUISTIC_TYPE_REF": _CERTAINTY, "PARENT_REF": tier, "PARTICIPANT": tier, "TIER_ID": f"{tier}{CONFIDENCE}"}
    sure = etree.SubElement(root, "TIER", below)
    for interval in intervals:
        count += 1
        parent = f"a{count}"
        ends = dict(zip(("TIME_SLOT_REF1", "TIME_SLOT_REF2"), slots[interval], strict=True))
        _add_value(own, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": parent} | ends, interval.label)
        if interval.confidence is not None:
            count += 1
            _add_value(sure, "REF_ANNOTATION", {"ANNOTATION_ID": f"a{count}", "ANNOTATION_REF": parent}, f"{interval.confidence:.6f}")
    return count


def _add_value(tier: etree.Element, kind: str, names: dict[str, str], value: str) -> None:
    place = etree.SubElement(etree.SubElement(tier, "ANNOTATION"), kind, names)
    etree.SubElement(place, "ANNOTATION_VALUE").text = value


def _add_vocabulary(root: etree.Element, labels: Iterable[str]) -> None:
    vocabulary = etree.SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=_VOCABULARY)
    etree.SubElement(vocabulary, "DESCRIPTION", LANG_REF=_LANGUAGE["LANG_ID"]).text = "What a face shows"
    for number, label in enumerate(labels):
        entry = etree.SubElement(vocabulary, "CV_ENTRY_ML", CVE_ID=f"cveid{number}")
        etree.SubElement(entry, "CVE_VALUE", DESCRIPTION="", LANG_REF=_LANGUAGE["LANG_ID"]).text = label


def read_eaf(path: str | os.PathLike) -> Annotation:
    """What an EAF file of version 2 or 3 says: a track a tier, the media's offset applied, slots without a time spread evenly between
    their neighbours, as in ELAN.

    A tier of confidences as `write_eaf` names it is no track, and an annotation that refers to another one has its times. Raises
    UserError for a file that is none or not whole, of another version, in other units than milliseconds, or with a DTD or entities.
    """
    # Imported here: it is needed by who reads what others wrote.
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    document = _Document()
    parser = DefusedXMLParser(target=document, forbid_dtd=True)
    try:
        with open_bounded(path, MAX_BYTES) as file:
            while part := file.read(1 << 16):
                parser.feed(part)
        parser.close()
        return document.annotation()
    except DefusedXmlException as error:
        raise UserError(
            f"{path}: expected an EAF file, found one with a DTD or entities, which ELAN never writes: save it again"
        ) from error
    # LookupError: the encoding that the file states is none.
    except (etree.ParseError, LookupError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: expected a whole EAF file, found none ({reason}): open it in ELAN and save it again") from error


class _Document:
    """Takes an EAF file's elements as they are parsed, and holds what is read of them alone."""

    def __init__(self):
        self._origin_ms, self._media = 0, None
        self._slots: dict[str, int | None] = {}
        self._tiers: dict[str, list[tuple[dict, str]]] = {}
        self._attributes: dict | None = None
        self._text: list[str] | None = None
        self._is_eaf = False

    def start(self, tag: str, attributes: dict) -> None:
        """An element begins."""
        if not self._is_eaf:
            self._begin(tag, attributes)
        elif tag == "HEADER" and (units := attributes.get("TIME_UNITS", "milliseconds")) != "milliseconds":
            raise ValueError(f"its times are in {units}: ELAN's own are in milliseconds")
        elif tag == "MEDIA_DESCRIPTOR" and self._media is None:
            self._media, self._origin_ms = attributes["MEDIA_URL"], int(attributes.get("TIME_ORIGIN", 0))
        elif tag == "TIME_SLOT":
            time_ms = attributes.get("TIME_VALUE")
            self._slots[attributes["TIME_SLOT_ID"]] = None if time_ms is None else int(time_ms)
        elif tag == "TIER":
            self._tiers[attributes["TIER_ID"]] = []
        elif tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self._attributes = attributes
        elif tag == "ANNOTATION_VALUE":
            self._text = []

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "ANNOTATION_VALUE" and self._attributes is not None and self._tiers:
            self._tiers[next(reversed(self._tiers))].append((self._attributes, "".join(self._text or ()).strip()))
            self._attributes = self._text = None

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._text is not None:
            self._text.append(text)

    def close(self) -> None:
        """The document ends."""

    def annotation(self) -> Annotation:
        """What the tiers say, once the document has ended."""
        times = {}
        for own in self._tiers.values():
            times |= self._times(own)
        sure = {}
        for tier, own in self._tiers.items():
            if tier.endswith(CONFIDENCE) and tier.removesuffix(CONFIDENCE) in self._tiers:
                sure |= {attributes.get("ANNOTATION_REF"): _share(text) for attributes, text in own}
        tiers = [tier for tier in self._tiers if not (tier.endswith(CONFIDENCE) and tier.removesuffix(CONFIDENCE) in self._tiers)]
        found = []
        for tier in tiers:
            for attributes, label in self._tiers[tier]:
                start, end = self._of_parent(attributes, times)
                if label:
                    confidence = sure.get(attributes["ANNOTATION_ID"])
                    found.append(
                        Interval(track_of(tier), (start + self._origin_ms) / 1000, (end + self._origin_ms) / 1000, label, confidence)
                    )
        return annotation_from(found, map(track_of, tiers), self._media)

    def _begin(self, tag: str, attributes: dict) -> None:
        version = attributes.get("FORMAT", FORMAT)
        if tag != "ANNOTATION_DOCUMENT":
            raise ValueError(f"it begins with {tag[:40]!r}")
        if version.split(".")[0] not in ("2", "3"):
            raise ValueError(f"its version is {version[:20]!r}, and 2.0 to {FORMAT} are known")
        self._is_eaf = True

    def _times(self, own: list[tuple[dict, str]]) -> dict[str, tuple[float, float]]:
        """The begin and end in ms of a tier's aligned annotations, by their names."""
        aligned = [attributes for attributes, _ in own if "TIME_SLOT_REF1" in attributes]
        chain = list(dict.fromkeys(attributes[end] for attributes in aligned for end in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")))
        known = {slot: self._slots[slot] for slot in chain}
        places = [number for number, slot in enumerate(chain) if known[slot] is not None]
        for before, after in pairwise(places):
            first, last = known[chain[before]], known[chain[after]]
            for number in range(before + 1, after):
                known[chain[number]] = first + (last - first) * (number - before) / (after - before)
        if any(time_ms is None for time_ms in known.values()):
            raise ValueError("an annotation has no time")
        return {
            attributes["ANNOTATION_ID"]: (known[attributes["TIME_SLOT_REF1"]], known[attributes["TIME_SLOT_REF2"]])
            for attributes in aligned
        }

    def _of_parent(self, attributes: dict, times: dict[str, tuple[float, float]]) -> tuple[float, float]:
        """The times of an annotation: its own, or those of the one that it refers to."""
        name = attributes["ANNOTATION_ID"]
        if name not in times:
            times[name] = times[attributes["ANNOTATION_REF"]]
        return times[name]


def _share(text: str) -> float | None:
    """A confidence in [0, 1], None where the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
