# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: it renders, plays, seeks, is readable on a desk and on a phone, and trusts no text."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP import predict
from image_classification.CFC_SP.core.labels import COARSE, EXPR, EXPR_TO_COARSE
from image_classification.CFC_SP.core.records import Face, Frame, FrameResult, Source
from image_classification.CFC_SP.core.span import WHOLE, Span
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.writers.annotated_video import write_annotated_video
from image_classification.CFC_SP.writers.movie_clock import MovieClock
from image_classification.CFC_SP.writers.palette import COLOURS
from image_classification.CFC_SP.writers.report import Thumbnails, write_report
from image_classification.CFC_SP.writers.timeline import Timeline, ink
from tests import clips
from tests.browser.page_waiting import wait_for
from tests.summaries import summary_of

pytestmark = pytest.mark.browser

FPS, FRAMES = 30, 120
WIDTHS = (1280, 390)
HOSTILE = """a</script><script>window.boom=1</script><img src=x onerror="window.boom=1"> '"&amp;.mp4"""


def face(track, label, confidence):
    probabilities = [(1 - confidence) / 7] * 8
    probabilities[EXPR.index(label)] = confidence
    box = (10.0 + 60 * track, 20.0, 60.0 + 60 * track, 90.0)
    return Face(
        track,
        box,
        0.99,
        label,
        confidence,
        COARSE[EXPR_TO_COARSE[EXPR.index(label)]],
        label,
        tuple(probabilities),
        tuple(probabilities[::-1]),
    )


def result(i):
    """Track 1 is Anger for a second, then Happiness, then Surprise; track 2 is there in the last two seconds."""
    first = face(1, ("Anger", "Happiness", "Surprise", "Surprise")[i // 30], 0.6)
    return FrameResult(i, i / FPS, (first, face(2, "Sadness", 0.8)) if i >= 60 else (first,))


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Gives `write(name="clip.mp4", ...)`: the path of a report on four seconds."""

    def make(name="clip.mp4", warnings=(), linked=False, late_s=0.0, span=WHOLE):
        folder = tmp_path_factory.mktemp("report")
        pictures = clips.pictures(FRAMES, 320, 180)
        clips.write_clip(folder / "silent.mp4", pictures)
        results = [replace(result(i), time_s=i / FPS + late_s) for i in range(FRAMES)]
        frames = [Frame(i, r.time_s, picture) for i, (r, picture) in enumerate(zip(results, pictures, strict=True))]
        source = Source(str(folder / "silent.mp4"), "h264", 320, 180, FPS, FRAMES / FPS)
        timeline, thumbnails = Timeline(1 / FPS, span=span), Thumbnails([1, 2])
        summary = summary_of(replace(source, path=name), timeline.watch(results), warnings)
        clock = MovieClock()
        write_annotated_video(source, thumbnails.watch(frames, results), results, folder / "annotated.mp4", span, clock)
        limit = {"largest_embedded": 0} if linked else {}
        page = folder / "report.html"
        write_report(page, summary, timeline, thumbnails.jpegs, folder / "annotated.mp4", "annotated.mp4", clock=clock, **limit)
        return page

    return make


@pytest.fixture(scope="session")
def report(write):
    return write()


def time_of(page):
    return page.evaluate("document.querySelector('video').currentTime")


def cursor_of(page, track):
    """Where the cursor stands, as a share of the chart's frame, which is Bokeh's own word."""
    return page.evaluate(
        """track => {
            const plot = document.querySelector(`.plot[data-track="${track}"]`);
            const chart = plot.querySelector(".chart");
            const view = Object.values(Bokeh.index.roots ?? Bokeh.index).find((view) => chart.contains(view.el));
            const left = chart.getBoundingClientRect().left + view.frame.bbox.left;
            const cursor = plot.querySelector(".cursor").getBoundingClientRect();
            return (cursor.left - left) / view.frame.bbox.width;
        }""",
        str(track),
    )


def seen(page, locator):
    """What `locator` looks like, RGB."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def has_colour(picture, colour):
    return (np.abs(picture - colour).max(-1) <= 6).sum() > 20


@pytest.mark.parametrize("width", WIDTHS)
def test_it_renders_and_is_readable(report, visit, width):
    page = visit(report, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("article").count() == 2 and page.locator("img").count() == 2
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth === 112)")
    for kind in ("h1", "video", "article img", ".band", ".chart", ".seek", ".sums", "dl"):
        box = page.locator(kind).first.bounding_box()
        assert box["width"] >= 40 and box["x"] >= 0 and box["x"] + box["width"] <= width + 0.5, kind
    assert page.locator("video").bounding_box()["width"] >= 0.85 * min(width, 1152)
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every((part) => part.scrollWidth <= part.clientWidth)")
    sizes = page.evaluate("[...document.querySelectorAll('body *')].map((one) => parseFloat(getComputedStyle(one).fontSize))")
    assert min(sizes) >= 12
    band, chart = (seen(page, page.locator(kind).first) for kind in (".band", ".chart"))
    for label in ("Anger", "Happiness", "Surprise"):
        assert has_colour(band, COLOURS[label]) and has_colour(chart, ink(label)), label
    page.locator("#raw").uncheck()
    without = seen(page, page.locator(".chart").first)
    assert (without != chart).any() and has_colour(without, ink("Anger"))
    page.locator('button[data-track="1"]', has_text="Anger").click()
    page.wait_for_timeout(200)
    assert not has_colour(seen(page, page.locator(".chart").first), ink("Anger"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("linked", [False, True], ids=["embedded", "linked"])
def test_the_video_plays_and_the_cursor_follows(write, visit, width, linked):
    page = visit(write(linked=linked), width)
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(FRAMES / FPS, abs=0.05)
    assert page.evaluate("document.querySelector('video').videoWidth") == 320
    assert cursor_of(page, 1) == pytest.approx(0, abs=0.01)
    page.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    wait_for(page, "document.querySelector('video').currentTime > 0.3")
    page.evaluate("document.querySelector('video').pause()")
    page.wait_for_timeout(200)
    assert 0.3 < time_of(page) < 4
    assert cursor_of(page, 1) == pytest.approx(time_of(page) / 4, abs=0.03)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("part", [".chart", ".band"])
def test_a_click_on_chart_and_band_seeks(report, visit, width, part):
    page = visit(report, width)
    left, right = (52, 16) if part == ".chart" else (0, 0)
    for share in (0.9, 0.1, 0.375):
        page.locator('.plot[data-track="1"]').scroll_into_view_if_needed()
        box = page.locator(f'.plot[data-track="1"] {part}').bounding_box()
        page.mouse.click(box["x"] + left + share * (box["width"] - left - right), box["y"] + box["height"] / 3)
        wait_for(page, "!document.querySelector('video').seeking")
        assert time_of(page) == pytest.approx(4 * share, abs=0.03)
        assert cursor_of(page, 1) == cursor_of(page, 2) == pytest.approx(share, abs=0.01)
    # At 1.5 s the first track is happy, and the second is not there.
    assert page.locator('button[data-track="1"]', has_text="Happiness").inner_text().split() == ["Happiness", "60%"]
    assert page.locator('button[data-track="2"]', has_text="Sadness").inner_text().split() == ["Sadness", "–"]
    assert page.locator("tr[aria-current]").get_attribute("data-start") == "1.0"


def test_a_click_on_a_row_seeks_and_the_picture_is_that_frame(report, visit):
    page = visit(report)
    assert not has_colour(seen(page, page.locator("video")), COLOURS["Sadness"])
    page.locator("tr", has_text="Surprise").first.click()
    wait_for(page, "!document.querySelector('video').seeking")
    assert time_of(page) == pytest.approx(2, abs=0.01)
    page.wait_for_timeout(200)
    # From this frame on, the video shows the second face too, in the colour of Sadness.
    assert has_colour(seen(page, page.locator("video")), COLOURS["Sadness"])


def test_keys_move_the_time_and_the_focus_is_visible(report, visit):
    page = visit(report)
    plot = page.locator(".plot").first
    plot.focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, "!document.querySelector('video').seeking")
    assert time_of(page) == pytest.approx(1, abs=0.01) and plot.get_attribute("aria-valuetext") == "0:01.0"
    assert plot.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Home")
    wait_for(page, "document.querySelector('video').currentTime < 0.01")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.chart')") is None, "Bokeh's canvas takes no focus"
    page.locator(".seek button").nth(1).press("Enter")
    wait_for(page, "Math.abs(document.querySelector('video').currentTime - 1) < 0.01")


def test_a_clip_that_starts_late_can_be_sought_to_its_end(write, visit):
    page = visit(write(late_s=1.5))
    page.locator(".plot").first.press("End")
    # The movie begins with the clip's first frame.
    wait_for(page, "document.querySelector('video').currentTime > 3.8")
    assert cursor_of(page, 1) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_is_harmless(write, visit, width):
    page = visit(write(HOSTILE, [HOSTILE, "x" * 500]), width)
    page.wait_for_timeout(300)
    assert page.evaluate("window.boom") is None
    assert page.locator("h1").inner_text() == HOSTILE.rsplit("/", 1)[1]
    assert page.locator("li.warning").first.inner_text() == HOSTILE
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_video_that_is_gone_is_told_and_the_charts_still_work(write, chromium):
    path = write(linked=True)
    (path.parent / "annotated.mp4").unlink()
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("#unplayable:not([hidden])")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator(".plot").first.press("End")
    assert cursor_of(page, 1) == pytest.approx(1, abs=0.02)
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_a_real_clip(visit, tmp_path, width):
    clip = clips.real_clip("carphone_pristine.mp4")
    assert run_script(predict, ["-video", str(clip), "-formats", "html", "-device", "cpu", "-out", str(tmp_path)]) == 0
    page = visit(tmp_path / clip.stem / "report.html", width)
    assert page.locator("article").count() == 1 and page.locator("article img").count() == 1
    page.locator(".seek tbody tr").last.click()
    wait_for(page, "!document.querySelector('video').seeking")
    assert time_of(page) > 1


def test_a_part_of_a_clip_keeps_its_times_and_its_video_begins_at_0(write, visit):
    page = visit(write(late_s=600.0, span=Span(600.0, 604.0)))
    page.locator("tr[data-start] button", has_text="10:02.00").first.click()
    wait_for(page, "!document.querySelector('video').seeking && document.querySelector('video').currentTime > 1.9")
    assert time_of(page) == pytest.approx(2.0, abs=0.05)
    assert cursor_of(page, 1) == pytest.approx(0.5, abs=0.02)
    assert page.locator('.plot[data-track="1"]').get_attribute("aria-valuenow") == "602.00"
