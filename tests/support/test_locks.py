import subprocess
import sys

from image_classification.CFC_SP.support.locks import claim


def test_one_claim_at_a_time(tmp_path):
    with claim(tmp_path / "lock"):
        assert claim(tmp_path / "lock") is None
    with claim(tmp_path / "lock"):
        pass


def test_a_claim_ends_with_its_process(tmp_path):
    script = (
        f"from image_classification.CFC_SP.support.locks import claim; from pathlib import Path; claim(Path({str(tmp_path)!r}, 'lock'))"
    )
    subprocess.run([sys.executable, "-c", f"{script}; import os; os._exit(1)"], check=False)
    with claim(tmp_path / "lock"):
        pass
