# SPDX-License-Identifier: Apache-2.0
"""Waiting for what a page comes to."""

import pytest


def wait_for(page, condition: str) -> None:
    """Waits until the JavaScript `condition` holds. Not by Playwright's own means, which the page's policy forbids."""
    for _ in range(1200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never saw {condition}")
