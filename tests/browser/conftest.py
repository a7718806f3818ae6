# SPDX-License-Identifier: Apache-2.0
"""A real headless Chromium, and pages that watch over themselves."""

import os
import shutil
from contextlib import contextmanager

import pytest

from tests.browser.page_waiting import wait_for

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = "html[data-ready]"


@pytest.fixture(scope="session")
def chromium_with():
    """Gives `chromium_with(*flags)`: the browser with these flags too, for a `with` block. Without it these tests fail, as nothing else
    has looked at the pages."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program or not os.access(program, os.X_OK):
        pytest.fail(
            f"expected Chromium, found {program or 'none on the path'}: apt-get install chromium, or name it in CHROMIUM", pytrace=False
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("expected Playwright, found none: pip install '.[browser]', or call `make browser`", pytrace=False)
    with sync_playwright() as playwright:

        @contextmanager
        def launched(*flags):
            browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
            yield browser
            browser.close()

        yield launched


@pytest.fixture(scope="session")
def chromium(chromium_with):
    """The browser."""
    with chromium_with() as browser:
        yield browser


@pytest.fixture
def visit(chromium):
    """Gives `visit(path, width)`: the report at `path`, drawn, in a window of that width.

    At the end, its console must have been without warnings and errors, and it must have loaded nothing but itself.
    """
    pages, complaints, loaded = [], [], []

    def open_page(path, width=1280, height=900):
        page = chromium.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("warning", "error") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(READY, state="attached", timeout=60000)
        wait_for(page, "document.querySelector('video').readyState >= 1")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not complaints
    assert all(url.startswith(("file:", "blob:", "data:")) for url in loaded), loaded
