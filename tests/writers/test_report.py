# SPDX-License-Identifier: Apache-2.0
import base64
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cfc_sp import predict_video
from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.core.records import Frame, FrameResult, Source
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.writers.output import check_formats
from image_classification.CFC_SP.writers.report import MAX_SEGMENTS, MAX_SUMS, Thumbnails, write_report
from image_classification.CFC_SP.writers.timeline import MAX_POINTS, MAX_TRACKS, Timeline, clock
from tests import clips
from tests.summaries import summary_of

HOSTILE = """a</script><script>window.boom=1</script><img src=x onerror="window.boom=1">'"&amp;{{ 7*7 }}<!--.mp4"""
LOADING = ("src", "srcset", "href", "poster", "data", "action", "xlink:href", "background")


class Page(HTMLParser):
    """What a browser makes of the page: its elements, and the text of each kind of element."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self._open = [], {}, []
        self.source = Path(path).read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        for tag in set(self._open):
            self.text[tag] = self.text.get(tag, "") + data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def make_page(tmp_path):
    """Gives `make(results, ...)`: the page of FrameResults at 30 fps, parsed; its video is a few bytes."""

    def make(results, name="clip.mp4", warnings=(), thumbnails=None, **options):
        timeline = Timeline(1 / 30)
        summary = summary_of(Source(name, "h264", 640, 360, 30.0, None), timeline.watch(results), warnings)
        (tmp_path / "movie").write_bytes(b"not really a movie")
        write_report(tmp_path / "page", summary, timeline, thumbnails or {}, tmp_path / "movie", "annotated.mp4", **options)
        return Page(tmp_path / "page"), summary

    return make


def test_the_page_has_every_segment_track_and_class(make_page, make_results):
    page, summary = make_page(make_results(60))
    rows = [(row["data-track"], float(row["data-start"]), float(row["data-end"])) for row in page.all("tr") if "data-start" in row]
    assert rows == [(str(s.track), s.start_s, s.end_s) for s in summary.segments] and len(rows) > 20
    for segment in summary.segments:
        assert clock(segment.start_s, 2) in page.text["td"] and segment.label in page.text["td"]
    assert [plot["data-track"] for plot in page.all("div") if plot.get("class") == "plot"] == ["1", "4"]
    assert all(page.text["li"].count(name) == 2 for name in EXPR)
    blocks = [span for span in page.all("span") if "style" in span]
    assert len(blocks) == len(summary.segments) and all("%" in block["style"] for block in blocks)


def test_the_run_is_told(make_page, make_results):
    page, _ = make_page(make_results(3), warnings=["Two frames are damaged.", "The sound is cut."])
    for word in ("lite", "0" * 64, "256", "CPU (onednn)", "bokeh", "paddlepaddle", "decode 1.50", "h264"):
        assert word in page.text["dd"], word
    assert "Two frames are damaged." in page.text["li"] and "2 warnings" in page.text["a"]


def test_hostile_text_stays_text(make_page, make_results):
    harmless, _ = make_page(make_results(6), warnings=["one", "two"])
    page, _ = make_page(make_results(6), name=HOSTILE, warnings=[HOSTILE, "\udcff\u202e"])
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert not any("onerror" in attributes for _, attributes in page.elements)
    # The name of a file ends at its last slash; the path is told whole.
    assert page.text["h1"] == HOSTILE.rsplit("/", 1)[1] and page.text["dd"].startswith(HOSTILE) and HOSTILE in page.text["li"]
    assert "49" not in page.text["title"]


def test_data_for_scripts_cannot_end_the_script(make_page, make_results):
    page, _ = make_page(make_results(6))
    begin = page.source.index('id="charts">') + len('id="charts">')
    text = page.source[begin : page.source.index("</script>", begin)]
    assert "<" not in text
    assert [item["target_id"] for item in json.loads(text)] == ["chart-1", "chart-4"]


def test_nothing_is_loaded_from_anywhere(make_page, make_results):
    for largest in (10**6, 0):
        page, _ = make_page(make_results(6), thumbnails={1: b"jpeg"}, largest_embedded=largest)
        for tag, attributes in page.elements:
            for name in LOADING:
                if name in attributes:
                    assert attributes[name].startswith(("data:", "#")) or attributes[name] == "annotated.mp4", (tag, attributes)
        assert "@import" not in page.text["style"] and "url(" not in page.text["style"]
        (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
        assert policy.startswith("default-src 'none'") and "http" not in policy and "connect-src" not in policy


def test_a_large_video_is_linked_with_a_sentence(make_page, make_results):
    embedded, _ = make_page(make_results(6))
    movie = embedded.source.split('id="movie">')[1].split("<")[0]
    assert base64.b64decode(movie) == b"not really a movie" and "src" not in embedded.all("video")[0]
    linked, _ = make_page(make_results(6), largest_embedded=17)
    assert linked.all("video")[0]["src"] == "annotated.mp4" and 'id="movie"' not in linked.source
    assert "too large" in linked.text["p"] and "annotated.mp4" in linked.text["a"] and "too large" not in embedded.text["p"]


def test_long_clips_stay_small(make_page, make_results):
    """Twenty tracks that change their label at every frame, and some more that pass by, for five minutes."""
    faces = make_results(1, faces=(20,))[0].faces
    results = []
    for i in range(9000):
        shown = [replace(face, label=EXPR[(i + face.track) % 8], raw_probabilities=face.probabilities) for face in faces]
        results.append(FrameResult(i, i / 30, (*shown[: 20 if i % 100 else 3], replace(faces[0], track=1000 + i // 30))))
    page, summary = make_page(results)
    assert len(summary.segments) > 100 * MAX_SEGMENTS and summary.tracks == 320
    assert len([row for row in page.all("tr") if "data-start" in row]) == MAX_SEGMENTS
    assert len([plot for plot in page.all("div") if plot.get("class") == "plot"]) == MAX_TRACKS
    assert len([bar for bar in page.all("div") if bar.get("class") == "shares"]) == MAX_SUMS
    assert f"first {MAX_SEGMENTS} of {len(summary.segments)}" in page.text["p"]
    assert "308 more tracks" in page.text["p"] and f"{MAX_SUMS} of 320" in page.text["p"]
    text = page.source.split('id="charts">')[1].split("</script>")[0]
    # A chart has 17 columns of float32 in base64, and some thousand letters about its looks.
    assert len(text) < MAX_TRACKS * (17 * MAX_POINTS * 4 * 4 / 3 + 40000)
    assert len(page.source) < 7e6


def test_a_clip_without_faces_has_a_page(make_page, make_results):
    page, _ = make_page(make_results(5, faces=(0,)))
    assert "No face was found" in page.text["p"] and not page.all("table") and "None." in page.text["p"]


def test_equal_shares_are_ordered_by_name(make_page, make_results):
    (face,) = make_results(1, faces=(1,))[0].faces
    results = [FrameResult(i, i / 30, (replace(face, label="Fear" if i % 2 else "Anger"),)) for i in range(8)]
    page, _ = make_page(results)
    assert "Anger 50%, Fear 50%" in " ".join(page.text["td"].split())


def test_thumbnails_show_the_largest_sure_face(make_results):
    (face,) = make_results(1, faces=(1,))[0].faces
    boxes = [(10, 10, 20, 20), (40, 30, 80, 70), (0, 0, 60, 60)]
    scores = [0.99, 0.99, 0.5]
    results = [FrameResult(i, i / 30, (replace(face, box=box, score=s),)) for i, (box, s) in enumerate(zip(boxes, scores, strict=True))]
    frames = [Frame(i, i / 30, np.full((100, 120, 3), 80 * i, np.uint8)) for i in range(3)]
    frames[1].image[30:70, 40:80] = (250, 0, 0)
    thumbnails = Thumbnails([face.track, 99])
    assert list(thumbnails.watch(frames, results)) == frames
    assert list(thumbnails.jpegs) == [face.track]
    picture = np.asarray(Image.open(io.BytesIO(thumbnails.jpegs[face.track]))).astype(int)
    assert picture.shape == (112, 112, 3)
    assert np.abs(picture[56, 56] - (250, 0, 0)).max() < 12 and np.abs(picture[2, 2] - 80).max() < 12


@pytest.mark.parametrize("box", [(-50, -50, 10, 10), (100, 80, 300, 300), (5, 5, 5.2, 5.1), (0, 0, 4000, 3000)])
def test_thumbnails_of_odd_boxes(make_results, box):
    (face,) = make_results(1, faces=(1,))[0].faces
    thumbnails = Thumbnails([face.track])
    frames = [Frame(0, 0.0, np.zeros((100, 120, 3), np.uint8))]
    list(thumbnails.watch(frames, [FrameResult(0, 0.0, (replace(face, box=box),))]))
    assert Image.open(io.BytesIO(thumbnails.jpegs[face.track])).size == (112, 112)


def test_html_brings_the_video_along():
    assert check_formats(["html"]) == ("html", "mp4")
    assert check_formats(["mp4", "html", "csv"]) == ("mp4", "html", "csv")
    assert check_formats(["png"]) == ("png",)


@pytest.mark.usefixtures("loaded_once")
def test_predict_writes_page_and_picture(tmp_path):
    clip = clips.write_clip(tmp_path / "x<b>&.mp4", clips.pictures(6))
    assert run_script(predict, ["-video", str(clip), "-formats", "html,png", "-out", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out" / "x<b>&"
    assert sorted(path.name for path in folder.iterdir()) == ["annotated.mp4", "report.html", "timeline.png"]
    assert Page(folder / "report.html").text["h1"] == "x<b>&.mp4"


@pytest.mark.usefixtures("loaded_once")
def test_raw_probabilities_are_those_without_smoothing(tmp_path):
    clip = clips.real_clip("carphone_pristine.mp4")
    smoothed, raw = (predict_video(clip, device="cpu", end=1.5, window=window).rows for window in (256, 0))
    assert [face.raw_probabilities for row in smoothed for face in row.faces] == [f.probabilities for row in raw for f in row.faces]
    assert all(face.raw_probabilities == face.probabilities for row in raw for face in row.faces)
    assert [face.raw_label for row in smoothed for face in row.faces] == [face.label for row in raw for face in row.faces]
    assert any(face.raw_probabilities != face.probabilities for row in smoothed for face in row.faces)
