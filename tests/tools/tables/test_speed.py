# SPDX-License-Identifier: Apache-2.0
from tests.tools.tables.measured import AROUND, cells, write
from tools.collect_results import tables


def clip_row(measure, median, **changed):
    known = {"clip": "portrait_720p.mp4", "width": 1280, "height": 720, "frames": 200, "faces": 300, "bundle": "lite"}
    known |= {"bundle_sha256": "new", "engine": "onednn"}
    return {**known, "measure": measure, "median": median, **AROUND, **changed}


def test_speed_is_the_newest_and_of_one_machine(tmp_path):
    other = {"machine": "Another CPU"}
    rows = [clip_row(name, 9999, **other) for name in ("decode", "total", "frames_per_s", "times_the_floor")]
    rows += [clip_row(name, 8888, clip="b.mp4", bundle_sha256="old") for name in ("total", "frames_per_s", "times_the_floor")]
    rows += [clip_row("decode", 5000), clip_row("decode", 400), clip_row("total", 1000)]
    rows += [clip_row("frames_per_s", 200), clip_row("times_the_floor", 1.84), clip_row("peak_memory", 612.3)]
    write(tmp_path, "speed/benchmark-clips", rows)
    makers = tables(tmp_path)
    speed = makers["speed"]()
    assert cells(speed, "lite") == ["lite", "onednn", "portrait_720p.mp4, 1280x720, 1.5 faces", "200", "2.0", "612 MB", "1.8", ""]
    assert "decode, ms a frame" in speed and "A CPU, 2 cores, 25 GB, 1 thread a network" in speed and "abcdef0;" in speed
    assert "9999" not in speed and "b.mp4" not in speed
    budgets = makers["budgets"]()
    assert cells(budgets, "frames/s")[2] == "200" and cells(budgets, "times the floor")[2] == "1.84"
    assert cells(budgets, "times the speed")[2] == "not measured"


def test_budgets_are_of_the_precision_that_is_taken_by_default(tmp_path):
    rows = [clip_row(name, value) for name, value in (("decode", 500), ("total", 1000), ("frames_per_s", 100), ("times_the_floor", 1.2))]
    rows += [{**row, "engine": "onednn bfloat16", "median": 3 * row["median"]} for row in rows]
    write(tmp_path, "speed/benchmark-clips", rows)
    makers = tables(tmp_path)
    assert cells(makers["speed"](), "lite | onednn |")[3] == "100" and cells(makers["speed"](), "lite | onednn bfloat16")[3] == "300"
    assert cells(makers["budgets"](), "frames/s")[2] == "100"
    only = [row for row in rows if row["engine"] == "onednn bfloat16"]
    write(tmp_path, "speed/benchmark-clips", only)
    assert cells(tables(tmp_path)["budgets"](), "frames/s")[2] == "300"


def test_smoothing_memory_and_start_stand_beside_their_budgets(tmp_path):
    windows = [{"frames": 2800000, "window": window, "median": seconds, **AROUND} for window, seconds in ((0, 0.5), (32, 9), (32, 0.75))]
    windows.append({**windows[0], "frames": 500, "median": 77})
    write(tmp_path, "speed/benchmark-smoothing", windows)
    write(tmp_path, "speed/benchmark-startup", [{"bundle": "lite", "median": 4.21, **AROUND}])
    memory = {"clip": "a.mp4", "loops": 300, "bundle": "lite", "frames": 90000, "seconds": 900, "peak_mb": 901.6}
    memory |= {"peak_settled_mb": 812.4, "slope_mb_per_minute": -0.012, "late_speed": 0.994, **AROUND}
    write(tmp_path, "speed/benchmark-memory", [memory])
    assert cells(tables(tmp_path)["memory"](), "lite")[1:] == ["a.mp4, 300 times", "90000", "10.0", "902 MB", "-0.01 MB", "0.99"]
    budgets = tables(tmp_path)["budgets"]()
    assert cells(budgets, "SP over 2.8 million")[2] == "0.75 s" and cells(budgets, "SP over them")[2] == "1.25 s"
    assert cells(budgets, "start of")[2] == "4.2 s"
    assert cells(budgets, "resident memory")[0].endswith("(90000 frames)")
    assert cells(budgets, "resident memory")[2] == "812 MB, -0.01 MB a minute"


def test_clips_on_ray_stand_beside_one_process(tmp_path):
    known = {"clips": 300, "seconds": 40, "own_mb_middle": 81.2, "own_mb_end": 82.6, **AROUND}
    rows = [
        {"clip": "one frame", "workers_on_ray": workers, "ms_a_clip": ms, "times_one_process": times, **known}
        for workers, ms, times in ((0, 100.4, 1.0), (1, 125, 0.8), (2, 80, 1.255), (2, 64, 1.57))
    ]
    write(tmp_path, "speed/benchmark-cluster", [*rows, {**rows[-1], "clips": 9000, "ms_a_clip": 61.8}])
    found = tables(tmp_path)["cluster"]()
    assert cells(found, "one frame | one process")[2:] == ["300", "100", "1.00", "81 MB, 83 MB"]
    assert cells(found, "one frame | Ray, 1 worker |")[3:5] == ["125", "0.80"]
    assert cells(found, "one frame | Ray, 2 workers | 300")[3:5] == ["64", "1.57"]
    assert cells(found, "one frame | Ray, 2 workers | 9000")[3] == "62"
