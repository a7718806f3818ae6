# SPDX-License-Identifier: Apache-2.0
"""The server in a process of its own, with a recognizer that loads nothing: python fake_server.py DATA PORT OPTIONS-AS-JSON."""

import json
import sys
from pathlib import Path


def main(data: str, port: str, options: str) -> None:
    """options: "fake" for the recognizer, "limits", and the rest for Settings."""
    from image_classification.CFC_SP.serving.run_server import run_server
    from image_classification.CFC_SP.serving.settings import Limits, Settings
    from tests.serving.fake_recognizer import FAKE

    asked = json.loads(options)
    load, limits = (FAKE, asked.pop("fake", {})), Limits(**{"rate": 0} | asked.pop("limits", {}))
    if "sample" in asked:
        asked["sample"] = Path(asked["sample"])
    run_server(Settings(Path(data), load=load, limits=limits, **asked), "127.0.0.1", int(port))


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    main(*sys.argv[1:])
