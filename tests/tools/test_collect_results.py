"""The tables of the documents: their places, and the figures that go into them."""

import csv

import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.support.errors import UserError
from tools.collect_results import tables
from tools.tables.markdown import fill, fill_figures, short_count

AROUND = {"machine": "A CPU", "cores": 2, "memory_gb": 25.0, "threads": 1, "paddle": "3.3.1", "git_sha": "abcdef0123"}


def write(folder, name, rows):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def clip_row(measure, median, **changed):
    known = {"clip": "portrait_720p.mp4", "width": 1280, "height": 720, "frames": 200, "faces": 300, "bundle": "lite"}
    known |= {"bundle_sha256": "new"}
    return {**known, "measure": measure, "median": median, **AROUND, **changed}


def cells(text, first):
    return next([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith(f"| {first}"))


def test_a_place_is_filled_and_the_rest_left():
    text = "before\n<!-- table: a -->\nold\n<!-- end of table -->\nbetween\n<!-- table: b -->\n<!-- end of table -->\n"
    new = fill(text, {"a": lambda: "A", "b": lambda: "B"}, "x.md")
    assert new == "before\n<!-- table: a -->\nA\n<!-- end of table -->\nbetween\n<!-- table: b -->\nB\n<!-- end of table -->\n"
    assert fill(new, {"a": lambda: "A", "b": lambda: "B"}, "x.md") == new


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- table: c -->\n<!-- end of table -->", "expected a table among a, found 'c'"),
        ("<!-- table: a -->\n", "expected <!-- end of table -->"),
        ("<!-- table: a -->\n<!-- table: a -->\n<!-- end of table -->", "expected <!-- end of table -->"),
    ],
)
def test_a_place_that_is_wrong_is_named(text, said):
    with pytest.raises(UserError, match=rf"^x\.md: {said}"):
        fill(text, {"a": lambda: "A"}, "x.md")


def test_a_figure_within_a_sentence_is_filled():
    text = "It has <!-- figure: a -->1%<!-- end -->, and <!-- figure: b --><!-- end --> too.\n"
    new = fill_figures(text, {"a": "88.2%", "b": "9 MB"}, "x.md")
    assert new == "It has <!-- figure: a -->88.2%<!-- end -->, and <!-- figure: b -->9 MB<!-- end --> too.\n"
    assert fill_figures(new, {"a": "88.2%", "b": "9 MB"}, "x.md") == new


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- figure: lite-accuracy --><!-- end -->", "expected a figure such as lite-test-accuracy, found 'lite-accuracy'"),
        ("<!-- figure: lite-test-accuracy -->1%\n<!-- end -->", "expected <!-- end --> after every figure and on its line"),
        ("<!-- figure: lite-test-accuracy -->1% <!-- figure: lite-test-accuracy -->2%<!-- end -->", "expected <!-- end --> after every"),
    ],
)
def test_a_figure_that_is_wrong_is_named(text, said):
    with pytest.raises(UserError, match=rf"^x\.md: {said}"):
        fill_figures(text, {"lite-test-accuracy": "88.2%"}, "x.md")


def test_nothing_is_shown_that_was_not_measured(tmp_path):
    makers = tables(tmp_path)
    for name in ("speed", "networks", "memory", "robustness", "stand-in", "clips", "flips"):
        assert makers[name]().startswith("*Not measured yet: `python tools/")
    assert makers["budgets"]().count("not measured") == 8


def test_speed_is_the_newest_and_of_one_machine(tmp_path):
    other = {"machine": "Another CPU"}
    rows = [clip_row(name, 9999, **other) for name in ("decode", "total", "frames_per_s", "times_the_floor")]
    rows += [clip_row(name, 8888, clip="b.mp4", bundle_sha256="old") for name in ("total", "frames_per_s", "times_the_floor")]
    rows += [clip_row("decode", 5000), clip_row("decode", 400), clip_row("total", 1000)]
    rows += [clip_row("frames_per_s", 200), clip_row("times_the_floor", 1.84), clip_row("peak_memory", 612.3)]
    write(tmp_path, "speed/benchmark-clips", rows)
    makers = tables(tmp_path)
    speed = makers["speed"]()
    assert cells(speed, "lite") == ["lite", "portrait_720p.mp4, 1280x720, 1.5 faces", "200", "2.0", "612 MB", "1.8", ""]
    assert "decode, ms a frame" in speed and "A CPU, 2 cores, 25 GB, 1 thread a network" in speed and "abcdef0;" in speed
    assert "9999" not in speed and "b.mp4" not in speed
    budgets = makers["budgets"]()
    assert cells(budgets, "frames/s")[2] == "200" and cells(budgets, "times the floor")[2] == "1.84"
    assert cells(budgets, "times the speed")[2] == "not measured"


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
    assert line.endswith("| onednn, 2.5 |  | lite-fast (coarse), lite-fast (negative) |")
    assert cells(text, "`swin_s`")[1:] == ["224 px, RGB", "1.84 M", "8.74 G", "300.0", "", "", "cpu, 300.0", "", "no weights ship"]
    assert "`swin_s`" not in tables(tmp_path)["paper-networks"]()


def test_the_papers_tables_show_what_was_computed_and_what_is_missing(tmp_path):
    known = {"table": 2, "negative": "n", "flat": "", "window": 256, "data": "a simulation", "split": "test", "git_sha": "abcdef0123"}
    rows = [{**known, "row": 1, "coarse": "a b", "paper_f1": 43.78, "f1": 51.2345, "accuracy": 0.6789, "frames": 1800, "missing": ""}]
    rows.append({**known, "row": 2, "coarse": "c", "paper_f1": 42.74, "f1": "", "accuracy": "", "frames": "", "missing": "c"})
    write(tmp_path, "tables/stand-in/tables", rows)
    text = tables(tmp_path)["stand-in"]()
    assert "| 2 | 1 | coarse: a, b; negative: n | 256 | 43.78 | 51.2 | 67.9% |" in text and "| 256 | 42.74 | *c* |  |" in text
    assert "a simulation, test, 1,800 annotated frames, computed at abcdef0." in text


def test_robustness_weighs_clips_by_their_faces(tmp_path):
    def row(disturbance, strength, data, metric, value, count, sha="new"):
        known = {"bundle": "lite", "bundle_sha256": sha, "disturbance": disturbance, "strength": strength, "meaning": ""}
        return {**known, "data": data, "split": "val", "metric": metric, "value": value, "count": count}

    rows = [row("blur", 0.01, "ferplus", "accuracy", 0.1, 9, "old"), row("blur", 0.01, "ferplus", "accuracy", 0.5, 9)]
    rows += [row("blur", 0.01, "a.mp4", "found", 1.0, 30), row("blur", 0.01, "a.mp4", "agreement", 0.5, 30)]
    rows += [row("blur", 0.01, "b.mp4", "found", 0.5, 20), row("blur", 0.01, "b.mp4", "agreement", 1.0, 10)]
    rows.append(row("none", 0, "ferplus", "accuracy", 0.75, 9))
    write(tmp_path, "scores/robustness", rows)
    lines = tables(tmp_path)["robustness"]().splitlines()
    assert lines[2:4] == ["| none | 75.0% |  |  |", "| blur | 50.0% | 80.0% | 62.5% |"]


def test_weak_classes_come_first(tmp_path):
    rows = [{"true": name, **dict.fromkeys(EXPR, 0)} for name in EXPR]
    for row in rows:
        row[row["true"]] = 9
        row["Other"] += 1
    rows[2] |= {"Disgust": 3, "Anger": 7, "Other": 2}
    write(tmp_path, "scores/confusion-lite-ferplus-test", rows)
    lines = tables(tmp_path)["weak-classes"]().splitlines()
    assert lines[2] == "| lite | Disgust | 12 | 25% | 100% | Anger (58%), Other (17%) |"


def test_counts_as_people_write_them():
    assert [short_count(n) for n in (1841144, 80182272, 1514e6, 48.84e6)] == ["1.84 M", "80.18 M", "1.51 G", "48.84 M"]


def test_clips_show_what_every_shipped_bundle_does(tmp_path):
    def row(bundle, first, raw, smoothed, said="Fear 50%"):
        known = {"bundle": bundle, "bundle_sha256": "new", "clip": "a.mp4", "first_frame": first, "last_frame": 99, "label": "Negative"}
        return {**known, "raw_share": raw, "smoothed_share": smoothed, "said": said}

    rows = [
        row("lite", 0, 1.0, 0.5),
        row("lite", 50, 0.5, 0.5),
        row("lite-fast", 0, 0.25, 1.0, "Anger 25%"),
        row("lite-fast", 50, 0.75, 0.0),
    ]
    write(tmp_path, "scores/clips", [*rows, row("gone", 0, 0.9, 0.9)])
    text = tables(tmp_path)["clips"]()
    assert cells(text, "a.mp4, frames 0-99")[1:] == ["100%, Fear 50%", "50%", "25%, Anger 25%", "100%"]
    assert cells(text, "**mean")[1:] == ["**75.0%**", "**50.0%**", "**50.0%**", "**50.0%**"]

    rates = (
        {"clip": "a.mp4", "face_seconds": 2, "raw_flips": 3.0, "flips": 1.0},
        {"clip": "b.mp4", "face_seconds": 6, "raw_flips": 1, "flips": 0},
    )
    write(tmp_path, "scores/flips", [{"bundle": bundle, **rate} for bundle in ("lite", "lite-fast") for rate in rates])
    text = tables(tmp_path)["flips"]()
    assert cells(text, "a.mp4, 2 s")[1:] == ["3.00", "1.00"] * 2 and cells(text, "**all")[1:] == ["**1.50**", "**0.25**"] * 2
