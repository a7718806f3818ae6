"""tools/benchmark.py: what is counted and timed is what it says, and its files keep what they held."""

import re
import sys
from pathlib import Path

import av
import numpy as np
import paddle
import pytest
from paddle import nn

from image_classification.backbones import build_backbone
from image_classification.CFC_SP.support.command_line import run_script
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.reader import open_video
from image_classification.SwinTransformer.swin import WindowAttention
from tests.clips import pictures, real_clip, write_clip
from tools import benchmark
from tools.benchmarks import networks
from tools.benchmarks.clips import peer_rate
from tools.benchmarks.counting import count_macs, count_parameters
from tools.benchmarks.measuring import append_rows, median_of, read_rows
from tools.benchmarks.memory import Look, flatness, watch
from tools.benchmarks.stream_copy import first_frame_of, repeat

FAMILIES = {
    **{"repvgg_lite": "RepVGG", "swin_lite": "SwinTransformer", "iresnet_lite": "IResNet", "hrnet_lite": "HRNet"},
    **{"mobilenet": "MobileNet", "mobilenet_face": "MobileNet"},
}
CARD_ROWS = [
    *(("repvgg_lite", 1, 48), ("repvgg_lite", 1, 64), ("swin_lite", 1, 48), ("iresnet_lite", 1, 48), ("hrnet_lite", 3, 48)),
    *(("mobilenet", 1, 112), ("mobilenet_face", 3, 112), ("mobilenet_face", 1, 88)),
]
CARDS = Path(networks.__file__).resolve().parents[2] / "image_classification"
MAN = real_clip("carphone_pristine.mp4")


def test_macs_are_those_of_plain_loops():
    net = nn.Sequential(nn.Conv2D(4, 6, 3, stride=2, groups=2), nn.Flatten(), nn.Linear(6 * 4 * 3, 5))
    multiplied = 0
    for _ in range(6 * 4 * 3):  # every number of the map [6, 4, 3]
        multiplied += 2 * 3 * 3
    for _ in range(5):
        multiplied += 6 * 4 * 3
    assert count_macs(net, paddle.zeros([1, 4, 9, 7])) == multiplied


def test_attention_counts_its_two_products():
    width, heads, length, windows = 12, 3, 4, 5
    attention = WindowAttention(width, heads, window=2)
    dense = windows * length * width * (3 * width + width)
    products = sum(2 * width // heads for _ in range(windows * heads * length * length))
    found = count_macs(attention, paddle.zeros([windows, length, width]), paddle.zeros([length * length], "int64"), None)
    assert found == dense + products


@pytest.mark.parametrize(("name", "channels", "side"), CARD_ROWS)
def test_the_cards_hold_the_counts(name, channels, side):
    card = (CARDS / FAMILIES[name] / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{name}` \|.* {side} px {'grey' if channels == 1 else 'RGB'} \|.*$", card, re.M)[0]
    net = build_backbone(name, num_classes=8, in_channels=channels, input_size=side)
    net.eval()
    picture = paddle.zeros([1, channels, side, side])
    expected = [f"{count_parameters(net) / 1e6:.2f} M", f"{count_macs(net, picture) / 1e6:.0f} M"]
    if hasattr(net, "fuse"):
        net.fuse()
        expected.append(f"{count_macs(net, picture) / 1e6:.0f} M")
    cells = [cell.strip() for cell in row.split("|")]
    assert all(cell in cells for cell in expected), (expected, row)


def test_a_network_has_a_row_for_every_batch_and_says_whether_it_is_right(monkeypatch):
    rows = networks.measure_network("repvgg_lite", 1, 48, "onednn", 2)
    assert [row["batch"] for row in rows] == [1, 8]
    for row in rows:
        assert row["engine"] == "onednn" and row["correct"] is True and float(row["relative_difference"]) <= 1e-4
        assert 0 < row["low"] <= row["median"] <= row["high"] and row["runs"] == 2
        assert row["run_macs"] < row["macs"]
    monkeypatch.setattr(networks, "example_crops", lambda side, batch: np.zeros((batch, side, side, 3), np.uint8))
    assert [row["correct"] for row in networks.measure_network("repvgg_lite", 1, 48, "onednn", 1)] == [False, False]


@pytest.mark.parametrize(
    ("name", "native"),
    [("swin_s_face", (3, 224)), ("iresnet152", (3, 112)), ("repvgg_a0_face", (3, 112)), ("hrnet_w18", (3, 224)), ("swin_lite", (1, 48))],
)
def test_networks_get_the_pictures_they_were_made_for(name, native):
    assert networks.native_input(name) == native


def test_networks_get_the_pictures_of_the_shipped_ones_too():
    assert networks.inputs_of("repvgg_lite") == [(1, 48), (1, 64)]
    assert networks.inputs_of("mobilenet_face") == [(3, 112), (1, 88)]
    assert networks.inputs_of("swin_lite") == [(1, 48)]


def test_a_face_variant_takes_the_size_of_a_config():
    assert build_backbone("repvgg_a0_face", num_classes=5, input_size=64)(paddle.zeros([2, 3, 64, 64])).shape == [2, 5]


def test_what_takes_too_long_costs_its_own_rows(capsys):
    assert networks._apart("repvgg_lite", 1, 48, "cpu", 1, limit=0.05) == []
    assert "repvgg_lite of 48 px on cpu: not done after 0.05 s" in capsys.readouterr().err


def test_medians():
    found = median_of([3.0, 1.0, 5.0, 2.0], scale=10)
    assert (found.median, found.low, found.high, found.runs) == (25, 10, 50, 4)


def test_rows_are_added_and_never_mixed(tmp_path):
    path = tmp_path / "new" / "benchmark-x.csv"
    append_rows(path, [{"a": 1, "b": "x"}])
    append_rows(path, [{"a": 2, "b": "y, z"}, {"a": 3, "b": ""}])
    assert [row["b"] for row in read_rows(path)] == ["x", "y, z", ""]
    with pytest.raises(UserError, match="expected the columns a, c"):
        append_rows(path, [{"a": 1, "c": 2}])
    assert len(read_rows(path)) == 3


def pictures_of(path):
    with open_video(path) as reader:
        return [(frame.time_s, frame.image.copy()) for frame in reader]


def test_clips_are_repeated_as_they_are(tmp_path):
    once, thrice = pictures_of(MAN), tmp_path / "thrice.mkv"
    repeat(MAN, thrice, 3)
    found = pictures_of(thrice)
    assert len(found) == 3 * len(once) == 360
    assert all(np.array_equal(found[i][1], once[i % 120][1]) for i in range(360))
    steps = np.diff([time_s for time_s, _ in found])
    assert 0.5 * np.median(steps) < steps.min() and steps.max() < 2 * np.median(steps)


def test_a_matroska_clip_whose_frames_come_out_of_order_is_repeated(tmp_path):
    """Its first packets do not say when to decode them."""
    clip, twice = write_clip(tmp_path / "once.mkv", pictures(30)), tmp_path / "twice.mkv"
    with av.open(str(clip)) as container:
        assert any(packet.dts is None for packet in container.demux(video=0) if packet.size)
    repeat(clip, twice, 2)
    once, found = pictures_of(clip), pictures_of(twice)
    assert len(found) == 2 * len(once) == 60
    assert all(np.array_equal(found[i][1], once[i % 30][1]) for i in range(60))


def test_a_clip_is_cut_to_its_first_frame(tmp_path):
    first_frame_of(MAN, tmp_path / "one.mkv")
    found = pictures_of(tmp_path / "one.mkv")
    assert len(found) == 1 and np.array_equal(found[0][1], pictures_of(MAN)[0][1])


def looks(resident, written):
    seconds = np.arange(0, 300, 5.0)
    return [Look(*values) for values in zip(seconds, resident(seconds), written(seconds), strict=True)]


def test_flat_memory_and_growing_memory():
    steady = flatness(looks(lambda s: np.where(s < 60, 1000.0, 400.0), lambda s: 50 * s), 60)
    assert steady == {"peak_mb": 1000, "peak_settled_mb": 400, "slope_mb_per_minute": 0, "late_speed": 1}
    growing = looks(lambda s: 400 + s / 60 * 7, lambda s: 50 * np.minimum(s, 180) + 25 * np.maximum(s - 180, 0))
    found = flatness(growing, 60)
    assert found["slope_mb_per_minute"] == pytest.approx(7) and found["late_speed"] == pytest.approx(0.5, abs=0.02)
    with pytest.raises(UserError, match="expected ten looks after the first 280 s, found 3"):
        flatness(growing, 280)
    with pytest.raises(UserError, match="expected rows to be written"):
        flatness(looks(lambda s: s, lambda s: 0 * s), 60)


def test_memory_is_that_of_a_process_and_of_those_below_it(tmp_path):
    inner = "import time; held = b'x' * 80_000_000; open('rows', 'w').write('seven b'); time.sleep(1)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], cwd={str(tmp_path)!r})"
    seen = watch([sys.executable, "-c", outer], 0.05, tmp_path)
    assert 80 < max(look.resident_mb for look in seen) < 130
    assert (seen[0].written, seen[-1].written) == (0, 7)


def test_a_watched_command_that_fails_is_named(tmp_path):
    with pytest.raises(UserError, match="no such clip"):
        watch([sys.executable, "-c", "raise SystemExit('error: no such clip')"], 0.05, tmp_path / "none")


def test_the_rate_of_a_peer():
    says = f"{sys.executable} -c \"import sys; print(sys.argv[1] + ': 150 frames, 158 faces, 8.8 fps; ms a frame: decode 3.1')\""
    assert peer_rate(says, "clip.mp4") == 8.8
    with pytest.raises(UserError, match="-peer: expected .* to print"):
        peer_rate(f"{sys.executable} -c 'print(1)'", "clip.mp4")
    with pytest.raises(UserError, match="-peer: cannot run 'no-such-program'"):
        peer_rate("no-such-program", "clip.mp4")


def test_the_papers_tables_are_timed(tmp_path):
    assert run_script(benchmark, ["tables", "-frames", "3000", "-out", str(tmp_path)]) == 0
    (row,) = read_rows(tmp_path / "benchmark-tables.csv")
    assert row["frames"] == "3000" and 0 < float(row["table2_s"]) < float(row["total_s"]) and float(row["peak_mb"]) > 50


def test_a_run_of_the_command(tmp_path):
    assert run_script(benchmark, ["smoothing", "-frames", "500", "-runs", "2", "-out", str(tmp_path)]) == 0
    rows = read_rows(tmp_path / "benchmark-smoothing.csv")
    assert [row["window"] for row in rows] == ["0", "32", "64", "128", "256", "512"]
    for row in rows:
        assert 0 < float(row["low"]) <= float(row["median"]) <= float(row["high"]) and row["runs"] == "2"
        assert row["machine"] and int(row["cores"]) > 0 and float(row["peak_mb"]) > 50
