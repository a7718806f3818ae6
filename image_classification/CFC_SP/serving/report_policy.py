# SPDX-License-Identifier: Apache-2.0
"""What a report may do in a browser."""

import base64
import hashlib
from functools import cache


@cache
def report_policy() -> dict[str, str]:
    """Headers for report.html: no script runs but the two that every report has, whatever a clip's name or a later fault puts into the
    page, and it is shown inside this server's page alone."""
    # Takes a moment to import, and the first report comes later than the server's start.
    from ..writers.report import page_scripts

    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in page_scripts())
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; media-src blob: 'self'; base-uri 'none'"
    return {"Content-Security-Policy": f"{policy}; form-action 'none'; frame-ancestors 'self'"}
