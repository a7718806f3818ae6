# SPDX-License-Identifier: Apache-2.0
"""The server's page in a real browser: a clip from drop to report, its end, its faults, the camera, and a server that is away."""

import base64
import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP.writers.palette import COLOURS
from tests import clips
from tests.browser.page_waiting import wait_for
from tests.served import Served
from tests.serving.fake_recognizer import GATED

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
CLIP_STATE = "document.querySelector('#clip-state').textContent"


def camera_file(path: Path, clip: Path) -> Path:
    """The clip as the uncompressed video that Chromium takes for a camera."""
    with av.open(str(clip)) as container, open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W320 H240 F30:1 Ip A1:1 C420jpeg\n")
        for frame in container.decode(video=0):
            file.write(b"FRAME\n" + frame.reformat(320, 240, "yuv420p").to_ndarray().tobytes())
    return path


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    return tmp_path_factory.mktemp("gate") / "closed"


@pytest.fixture(scope="module")
def served(tmp_path_factory, gate):
    sample = clips.real_clip("carphone_pristine.mp4")
    with Served(tmp_path_factory.mktemp("data"), fake={"gate": str(gate)}, sample=str(sample)) as server:
        yield server


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    return clips.write_clip(tmp_path_factory.mktemp("clips") / "gated.mp4", clips.pictures(60, GATED))


@pytest.fixture(scope="module")
def launch_options(tmp_path_factory):
    camera = camera_file(tmp_path_factory.mktemp("camera") / "camera.y4m", clips.real_clip("carphone_pristine.mp4"))
    media = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}")
    return media


@pytest.fixture(scope="module")
def browser(launch_options, chromium_with):
    with chromium_with(*launch_options) as browser:
        yield browser


@pytest.fixture
def visit_page(browser, served):
    """Gives `visit_page(width, scheme)`: the page, ready. Nothing on it may come from elsewhere or complain of a script."""
    contexts, complaints, loaded = [], [], []

    def open_page(width=1280, scheme="light", place=""):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("warning", "error") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(f"{served.address}/{place}")
        wait_for(page, "document.documentElement.dataset.ready === 'true'")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # The browser itself tells of each answer that is no success, and of a server that is away.
    assert not [text for text in complaints if "Failed to load resource" not in text and "ERR_" not in text], complaints
    assert all(url.startswith((served.address, "blob:", "data:")) for url in loaded), loaded


def fits(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


def send(page, path):
    page.locator("#file").set_input_files(str(path))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sample_becomes_a_report_in_place(visit_page, width):
    page = visit_page(width)
    page.locator("#sample").click()
    wait_for(page, f"{CLIP_STATE}.startsWith('Done')")
    report = page.frame_locator("#report")
    report.locator("html[data-ready]").wait_for(state="attached", timeout=60000)
    assert fits(page, width)
    frame = next(frame for frame in page.frames if frame.url.endswith("report.html"))
    # The server's policy lets the report's own scripts run, and no other: the charts are drawn.
    assert frame.locator("article").count() == 1 and frame.locator(".chart canvas").count()
    wait_for(frame, "document.querySelector('video').readyState >= 1")
    plot = frame.locator(".plot .band")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    wait_for(frame, "!document.querySelector('video').seeking && document.querySelector('video').currentTime > 1.9")
    assert frame.evaluate("document.querySelector('video').currentTime") == pytest.approx(2.0, abs=0.1)
    with page.expect_download() as download:
        page.locator("#downloads a", has_text="frames.csv").click()
    assert download.value.suggested_filename == "sample-frames.csv"
    # The clip is remembered, and found again after a reload.
    page.reload()
    wait_for(page, f"{CLIP_STATE}.startsWith('Done')")
    assert page.locator("#history-list a").inner_text() == "sample.mp4"
    page.locator("#cancel").click()
    wait_for(page, "document.querySelector('#history').hidden")
    assert page.locator("#clip").is_hidden()


def test_progress_is_shown_and_cancel_ends_it(visit_page, served, gate, gated):
    gate.touch()
    page = visit_page()
    send(page, gated)
    wait_for(page, f"{CLIP_STATE}.startsWith('Looking at the faces: ')")
    wait_for(page, "document.querySelector('#clip-progress').value > 0")
    wait_for(page, "document.querySelector('#shares-text').textContent.startsWith('Happiness 100%')")
    page.locator("#cancel").click()
    wait_for(page, "document.querySelector('#clip').hidden")
    assert page.locator("#history").is_hidden()
    gate.unlink()


def test_a_bad_file_is_told_in_one_sentence(visit_page, tmp_path):
    page = visit_page()
    name = "<img src=x onerror=alert(1)>.mp4"
    bad = tmp_path / name
    bad.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    send(page, bad)
    wait_for(page, "!document.querySelector('#notice').hidden")
    said = page.locator("#notice").inner_text()
    assert said.startswith(name) and "expected a video file" in said and "/tmp" not in said
    assert page.locator("#notice img").count() == 0 and page.locator("#clip").is_hidden()


def test_a_server_that_starts_again_meanwhile_goes_on(visit_page, served, gate, gated):
    gate.touch()
    page = visit_page()
    send(page, gated)
    wait_for(page, f"{CLIP_STATE}.startsWith('Looking at the faces: ')")
    served.process.kill()
    served.process.communicate()
    wait_for(page, "document.querySelector('#notice').textContent.includes('does not answer')")
    served.start()
    wait_for(page, "document.querySelector('#notice').hidden")
    gate.unlink()
    wait_for(page, f"{CLIP_STATE}.startsWith('Done')")
    rows = page.evaluate("fetch(document.querySelector('#downloads a').href).then((answer) => answer.text())")
    assert len({row.partition(",")[0] for row in rows.splitlines()}) == 61


@pytest.mark.parametrize("width", WIDTHS)
def test_the_camera_is_answered_and_drawn_over(visit_page, width):
    page = visit_page(width, place="#camera")
    page.locator("#start").click()
    wait_for(page, "/^[0-9.]+ ms$|^[0-9]+ ms$/.test(document.querySelector('#latency').textContent)")
    wait_for(page, "Number(document.querySelector('#answers').textContent) > 0")
    wait_for(page, "/%/.test(document.querySelector('#faces').textContent)")
    assert fits(page, width)
    # The box bears the colour of some label; the eight bars stand on the side that the face is not on.
    drawn = page.evaluate("document.querySelector('#overlay').toDataURL()").partition(",")[2]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB")).astype(int)
    assert any((np.abs(shown - COLOURS[label]).max(-1) <= 6).sum() > 100 for label in ("Happiness", "Surprise", "Neutral", "Anger"))
    page.locator("#start").click()
    assert page.locator("#stage").is_hidden() and page.locator("#camera-state").inner_text() == "Stopped."


def test_all_of_it_is_reached_by_keys(visit_page):
    page = visit_page()
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert [name for name in reached if name][:4] == ["to-clips", "to-camera", "file", "sample"]
    page.locator("#file").focus()
    assert page.evaluate("getComputedStyle(document.querySelector('#drop')).outlineStyle") == "solid"
    page.locator("#to-camera").press("Enter")
    wait_for(page, "!document.querySelector('#camera').hidden")
    assert page.locator("#to-camera").get_attribute("aria-current") is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(visit_page, scheme):
    page = visit_page(scheme=scheme)
    contrast = page.evaluate(
        """() => {
            const light = (text) => text.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
                .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            const ground = (one) => {
                for (; one; one = one.parentElement) {
                    const colour = getComputedStyle(one).backgroundColor;
                    if (!/, 0\\)$/.test(colour)) return light(colour);
                }
                return 1;
            };
            return [...document.querySelectorAll("h1, p, a, button, label, .as-link")].map((one) => {
                const pair = [light(getComputedStyle(one).color), ground(one)].sort();
                return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
            });
        }"""
    )
    assert len(contrast) > 8 and min(contrast) >= 4.5
