# SPDX-License-Identifier: Apache-2.0
"""The page's files: all there, all its own, its colours the report's."""

import re
from html.parser import HTMLParser

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.serving.page_routes import colour_sheet
from image_classification.CFC_SP.writers.palette import COLOURS


class Page(HTMLParser):
    """Ids, and what is linked or loaded."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.styled = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found["id"]} if "id" in found else set()
        self.links += [found[name] for name in ("src", "href") if name in found]
        self.styled += [tag for name in found if name == "style" or name.startswith("on")]


def test_the_page_loads_nothing_from_elsewhere_and_all_it_loads_is_there(client):
    page = Page(client.get("/").text)
    assert page.links and not page.styled
    for link in page.links:
        assert link.startswith(("/", "#"))
        if link.startswith("/"):
            assert client.get(link).status_code == 200, link
    for path in ("/page.css", "/page.js", "/"):
        assert not re.search(r"https?://\w", client.get(path).text), path


def test_the_script_finds_what_it_looks_for(client):
    script, page = client.get("/page.js").text, Page(client.get("/").text)
    assert set(re.findall(r'one\("([\w-]+)"\)', script)) <= page.ids


def test_colours_are_those_of_the_report():
    sheet = colour_sheet()
    for name in EXPR:
        assert f"--{name.lower()}: #{bytes(COLOURS[name]).hex()};" in sheet and f"--on-{name.lower()}: #" in sheet


def test_a_report_s_policy_lets_its_own_scripts_run_alone(client):
    from image_classification.CFC_SP.serving.report_policy import report_policy

    policy = report_policy()["Content-Security-Policy"]
    scripts = re.search(r"script-src ([^;]*)", policy)[1].split()
    assert len(scripts) == 2 and all(re.fullmatch(r"'sha256-[\w+/]{43}='", source) for source in scripts)
