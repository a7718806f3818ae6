# SPDX-License-Identifier: Apache-2.0
from tests.tools.tables.measured import cells, write
from tools.collect_results import tables
from tools.weights.shipped import shipped


def test_clips_show_what_every_shipped_bundle_does(tmp_path):
    def metric(mode, name, raw, smoothed):
        spread = {f"{when}_{end}": raw for when in ("raw", "smoothed") for end in ("low", "high", "without_one_least", "without_one_most")}
        return {**dict(zip(("bundle", "smoothing", "window", "prior"), mode, strict=True)), "metric": name, "ranges": 3, "persons": 2} | {
            **spread,
            "raw": raw,
            "smoothed": smoothed,
        }

    modes = [
        *((name, manifest["sp"]["kind"], manifest["sp"]["window"], manifest["prior"]["tau"]) for name, manifest in shipped().items()),
        ("lite", "logits", 128, 0.0),
        ("gone", "logits", 128, 0.0),
    ]
    figures = {"Fear": (0.25, 0.5), "macro over classes": (0.5, 0.75), "changes a second": (2.0, 0.25)}
    rows = [metric(mode, name, *pair) for mode in modes for name, pair in figures.items()]
    write(tmp_path, "scores/clip-metrics", rows)
    text = tables(tmp_path)["clips"]()
    assert cells(text, "Fear: 3 ranges, 2 people")[1:] == ["25%", "50% (25% to 25%)"] * len(shipped())
    assert cells(text, "changes of the label")[1:] == ["2.00", "0.25 (2.00 to 2.00)"] * len(shipped())
    text = tables(tmp_path)["clip-modes"]()
    assert cells(text, "lite: logits, window 128, the data's prior")[1:] == ["50%", "75%", "0.25", "50% to 50%"]
    assert "gone" not in text and text.count("as it ships") == len(shipped())
    # Of each bundle once under its own prior, and once under the data's.
    assert text.count("no smoothing") == len(shipped()) + 1

    def share(mode, group, person, smoothed, said):
        known = dict(zip(("bundle", "smoothing", "window", "prior"), mode, strict=True))
        return known | {"label": "Fear", "group": group, "person": person, "smoothed_share": smoothed, "said": said}

    lite = next(mode for mode in modes if mode[0] == "lite")
    rows = [
        share(lite, "Fear", "ann", 0.4, "Surprise 60%"),
        share(lite, "Fear", "bob", 0.5, "Fear 50%"),
        share(modes[-2], "Fear", "ann", 0.1, ""),
    ]
    write(tmp_path, "scores/clips", rows)
    text = tables(tmp_path)["clip-failures"]()
    assert cells(text, "lite")[1:] == ["Fear", "1 of 2", "1 of 2", "Surprise 60% (right 40%)"]


def test_the_table_of_alignment_has_both_kinds_side_by_side(tmp_path):
    row = {"bundle": "lite", "clips": 3, "metric": "mean over ranges"}
    rows = [row | {"align": align, "tilt": tilt, "smoothed": share} for align, tilt, share in (("none", 20, 0.8), ("similarity", 20, 0.9))]
    write(tmp_path, "scores/alignment", [*rows, row | {"align": "none", "tilt": 0, "smoothed": 0.95}, rows[0] | {"bundle": "gone"}])
    text = tables(tmp_path)["alignment"]()
    assert cells(text, "lite, turned by 20 degrees")[1:] == ["mean over ranges", "80.0%", "90.0%"]
    assert "gone" not in text
    assert cells(text, "lite, as they are")[1:] == ["mean over ranges", "95.0%", ""]
