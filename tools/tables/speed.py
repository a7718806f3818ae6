"""Tables of speed and memory, and of the budgets that they must keep."""

from pathlib import Path

from tools.benchmarks.clip_speed import MEMORY, RATES, RATIOS
from tools.benchmarks.measuring import read_rows
from tools.tables.markdown import measured_on, newest, not_measured, same_machine, table

BENCHMARK = "python tools/benchmark.py"
# What stands in the rows of benchmark-clips.csv beside the stages.
_SUMS = ("total", "floor_decode", "floor_networks", MEMORY, *RATES, *RATIOS)
_BUDGET_CLIP, _BUDGET_BUNDLE, _BUDGET_FRAMES = "portrait_720p.mp4", "lite", "2800000"


def _rows(results: Path, kind: str) -> list[dict[str, str]]:
    rows = read_rows(results / f"benchmark-{kind}.csv")
    return same_machine(rows) if rows else []


def _of_current_bundles(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of each bundle as it was when it was last measured: another release of the same name has other figures."""
    last = newest(rows, "bundle")
    return [row for row in rows if row["bundle_sha256"] == last[(row["bundle"],)]["bundle_sha256"]]


def clips(results: Path) -> str:
    """Every clip with each bundle: frames a second, milliseconds a frame and stage, memory, and the ratios to the floor and the peer."""
    rows = _of_current_bundles(_rows(results, "clips"))
    if not rows:
        return not_measured(f"{BENCHMARK} clips -video FILES -peer COMMAND")
    found = newest(rows, "bundle", "clip", "measure")
    stages = [measure for (measure,) in newest(rows, "measure") if measure not in _SUMS]
    lines = []
    for (bundle, clip), row in newest(rows, "bundle", "clip").items():
        own = {measure: float(found[bundle, clip, measure]["median"]) for measure in (*stages, *_SUMS) if (bundle, clip, measure) in found}
        per_frame = [f"{own[stage] / int(row['frames']):.1f}" if stage in own else "" for stage in stages]
        ratios = [f"{own[ratio]:.1f}" if ratio in own else "" for ratio in RATIOS]
        what = f"{clip}, {row['width']}x{row['height']}, {int(row['faces']) / int(row['frames']):.1f} faces"
        memory = f"{own[MEMORY]:.0f} MB" if MEMORY in own else ""
        lines.append([bundle, what, f"{own['frames_per_s']:.3g}", *per_frame, memory, *ratios])
    headers = [
        "bundle",
        "clip",
        "frames/s",
        *(f"{stage}, ms a frame" for stage in stages),
        "most memory",
        "times the floor's time",
        "times the peer's speed",
    ]
    return table(headers, lines, measured_on(found.values()))


def memory(results: Path) -> str:
    """The newest long run of `predict.py` with each bundle."""
    rows = _rows(results, "memory")
    if not rows:
        return not_measured(f"{BENCHMARK} memory -video FILE -loop 400")
    newest_runs = newest(rows, "bundle").values()
    lines = [
        [
            row["bundle"],
            f"{row['clip']}, {row['loops']} times",
            row["frames"],
            f"{float(row['seconds']) / int(row['frames']) * 1e3:.1f}",
            f"{float(row['peak_mb']):.0f} MB",
            f"{float(row['slope_mb_per_minute']):+.2f} MB",
            f"{float(row['late_speed']):.2f}",
        ]
        for row in newest_runs
    ]
    headers = ["bundle", "clip", "frames", "ms a frame", "most memory", "growth a minute", "speed of the second half over the first's"]
    return table(headers, lines, measured_on(newest_runs))


def budgets(results: Path) -> str:
    """What prediction may cost, and what it does cost."""
    clips = [row for row in _of_current_bundles(_rows(results, "clips")) if row["bundle"] == _BUDGET_BUNDLE]
    found = {key: float(row["median"]) for key, row in newest(clips, "clip", "measure").items()}
    over_floor = [value for (_, measure), value in found.items() if measure == "times_the_floor"]
    windows = newest(_rows(results, "smoothing"), "frames", "window").items()
    smoothing = [float(row["median"]) for (frames, _), row in windows if frames == _BUDGET_FRAMES]
    long_runs = [row for row in _rows(results, "memory") if row["bundle"] == _BUDGET_BUNDLE]
    startup = [row for row in _rows(results, "startup") if row["bundle"] == _BUDGET_BUNDLE]
    settled, slope = ("peak_settled_mb", "slope_mb_per_minute")
    rate, peer = (found.get((_BUDGET_CLIP, measure)) for measure in ("frames_per_s", "times_the_peer"))
    lines = [
        [f"frames/s, `{_BUDGET_CLIP}`, CSV only", ">= 100", _number(rate, "{:.0f}")],
        ["times the speed of the peer's recipe on it", ">= 10", _number(peer, "{:.1f}")],
        ["times the floor (decoding and networks alone), the worst clip", "<= 2", _number(max(over_floor, default=None), "{:.2f}")],
        ["start of `predict.py` to its first frame", "<= 6 s", _number(float(startup[-1]["median"]) if startup else None, "{:.1f} s")],
        ["SP over 2.8 million frames, the slowest window", "<= 2 s", _number(max(smoothing, default=None), "{:.2f} s")],
        ["SP over them with Table 4's six windows", "<= 15 s", _number(sum(smoothing) or None, "{:.2f} s")],
    ]
    scoring = newest(_rows(results, "tables"), "frames").get((_BUDGET_FRAMES,))
    value = f"{float(scoring['total_s']):.1f} s, {float(scoring['peak_mb']) / 1e3:.1f} GB" if scoring else "not measured"
    lines.append(["Tables 2 and 4 of 2.8 million frames from cached logits", "<= 60 s, <= 4 GB", value])
    what, value = "resident memory after the first minute of a long clip", "not measured"
    if long_runs:
        row = long_runs[-1]
        what += f" ({int(row['frames'])} frames)"
        value = f"{float(row[settled]):.0f} MB, {float(row[slope]):+.2f} MB a minute"
    lines.insert(4, [what, "<= 1200 MB, flat", value])
    return table([f"what, with `{_BUDGET_BUNDLE}`", "budget", "measured"], lines)


def _number(value: float | None, form: str) -> str:
    return "not measured" if value is None else form.format(value)
