# SPDX-License-Identifier: Apache-2.0
from tests.tools.tables.measured import AROUND, cells, write
from tools.collect_results import tables


def test_every_network_says_what_is_fastest_and_whether_its_weights_ship(tmp_path):
    known = {"channels": 1, "side": 48, "parameters": 1841144, "macs": 80182272, "run_macs": 72164352, "batch": 8}
    times = (("cpu", 8.85, "True"), ("onednn", 1.52, ""), ("openvino bfloat16", 0.5, "False"))
    rows = [{"network": "repvgg_lite", **known, "engine": engine, "correct": right, "median": ms, **AROUND} for engine, ms, right in times]
    large = {**known, "channels": 3, "side": 224, "macs": 8.74e9, "run_macs": 8.74e9, "engine": "cpu", "correct": "True", "median": 300}
    shipped = {"network": "repvgg_lite", **known, "side": 64, "engine": "onednn", "correct": "True", "median": 2.5, **AROUND}
    write(tmp_path, "speed/benchmark-networks", [*rows, shipped, {"network": "swin_s", **large, **AROUND}])
    text = tables(tmp_path)["networks"]()
    assert "MACs | cpu | onednn | openvino bfloat16 | fastest |" in text
    small = cells(text, "`repvgg_lite`")
    assert small[1:] == ["48 px, grey", "1.84 M", "80.18 M, fused 72.16 M", "8.8", "1.5", "~~0.5~~", "onednn, 1.5", "", "no weights ship"]
    line = next(line for line in text.splitlines() if "| 64 px, grey |" in line)
    assert line.endswith("| onednn, 2.5 |  | lite-fast (coarse), lite-fast (negative), paper-lite (negative) |")
    assert cells(text, "`swin_s`")[1:] == ["224 px, RGB", "1.84 M", "8.74 G", "300.0", "", "", "cpu, 300.0", "", "no weights ship"]
    assert "`swin_s`" not in tables(tmp_path)["paper-networks"]()


def test_the_model_zoo_page_has_every_shipped_bundle(tmp_path):
    row = {"network": "repvgg_lite", "channels": 1, "side": 64, "parameters": 1841144, "macs": 1.4e8, "run_macs": 1.28e8, "batch": 8}
    write(tmp_path, "speed/benchmark-networks", [{**row, "engine": "onednn", "correct": "True", "median": 2.5, **AROUND}])
    text = tables(tmp_path)["model-zoo"]()
    fast = cells(text, "`lite-fast`")
    assert fast[1] == "`repvgg_lite`, 64 px" and fast[4:6] == ["1.84 M", "128.00 M"]
    assert fast[7:9] == ["48 px", "[in this repository](bundles/lite-fast)"] and fast[9].startswith("Apache-2.0; trained on FER+")
    # Not measured here.
    assert cells(text, "`lite`")[4:6] == ["", ""]
    assert cells(tables(tmp_path)["model-zoo-cn"](), "`lite-fast`")[8] == "[随仓库提供](bundles/lite-fast)"
