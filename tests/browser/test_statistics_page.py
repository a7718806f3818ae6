# SPDX-License-Identifier: Apache-2.0
"""The page of `cfc-sp summarize` in a real browser."""

import pytest

from image_classification.CFC_SP.behaviour.statistics_tables import PAGE, summarize
from tests.result_folders import write_ten_clips

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_path(tmp_path_factory):
    """The page on ten clips in two groups, with two faces in each."""
    root = tmp_path_factory.mktemp("statistics")
    summarize(write_ten_clips(root), root / "groups.csv", root / "out")
    return root / "out" / PAGE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_loads_nothing(chromium, page_path, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints, loaded = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(page_path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # The numbers of differences are read without scrolling.
    assert page.evaluate("(s => s.scrollWidth <= s.clientWidth)(document.querySelector('.scroll'))")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 24, 27)")
    assert page.locator(".bar").count() == 10 and page.locator("svg").count() > 5
    assert page.locator(".dot i").first.bounding_box()["width"] == 10
    assert not complaints and {url.split("?")[0] for url in loaded} <= {page_path.as_uri(), "data:,"}
    page.close()
