# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

from image_classification.CFC_SP.support.locks import claim


def test_one_claim_at_a_time(tmp_path):
    with claim(tmp_path / "lock"):
        assert claim(tmp_path / "lock") is None
    with claim(tmp_path / "lock"):
        pass


def test_a_claim_ends_with_its_process(tmp_path):
    script = f"""
from pathlib import Path
from {claim.__module__} import claim
import os
claim(Path({str(tmp_path)!r}, "lock"))
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    with claim(tmp_path / "lock"):
        pass
