# SPDX-License-Identifier: Apache-2.0
import csv

import pytest

from image_classification.CFC_SP.support.command_line import run_script
from tools import measure_loader


@pytest.mark.usefixtures("tiny_network")
def test_a_row_of_both_speeds(tmp_path):
    (tmp_path / "small.yaml").write_text(
        "DATA: {CROP_SIZE: 16}\nMODEL: {INPUT_SIZE: 16}\nTRAIN: {BATCH_SIZE: 8, GRAD_CLIP: 1.0}\n", encoding="utf-8"
    )
    out = tmp_path / "loader.csv"
    for _ in range(2):
        assert run_script(measure_loader, ["-cfg", str(tmp_path / "small.yaml"), "-device", "cpu", "-batches", "3", "-out", str(out)]) == 0
    with open(out, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for row in rows:
        assert (row["config"], row["data"], row["crop_size"], row["batch"], row["device"]) == ("small", "folders", "16", "8", "cpu")
        assert float(row["ratio"]) == pytest.approx(float(row["loader_images_s"]) / float(row["training_images_s"]), abs=0.1, rel=0.05)
