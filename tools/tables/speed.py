# SPDX-License-Identifier: Apache-2.0
"""Tables of speed and memory, and of the budgets that they must keep."""

from pathlib import Path

from tools.benchmarks.clip_speed import MEMORY, RATES, RATIOS
from tools.benchmarks.measuring import read_rows
from tools.tables.markdown import measured_on, newest, not_measured, same_machine, table
from tools.tables.rooms import SPEED
from tools.weights.shipped import shipped

BENCHMARK = "python tools/benchmark.py"
# The stages in the order of a frame's way; what stands in the rows of benchmark-clips.csv beside them.
_STAGES = ("decode", "wait", "detect", "track", "align", "classify", "sequence", "write")
_SUMS = ("total", "floor_decode", "floor_networks", MEMORY, *RATES, *RATIOS)
BUDGET_CLIP, _BUDGET_BUNDLE, _BUDGET_FRAMES = "portrait_720p.mp4", "lite", "2800000"
NOT_MEASURED = "not measured"


def _rows(results: Path, kind: str) -> list[dict[str, str]]:
    rows = read_rows(results / SPEED / f"benchmark-{kind}.csv")
    return same_machine(rows) if rows else []


def _of_current_bundles(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of each bundle as it was when it was last measured: another release of the same name has other figures."""
    last = newest(rows, "bundle")
    return [row for row in rows if row["bundle_sha256"] == last[(row["bundle"],)]["bundle_sha256"]]


def _by_default(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of current bundles in the precision that `-precision auto` takes for each; all of a bundle that none is known of."""
    rows = _of_current_bundles(rows)
    recorded = {bundle: manifest.get("engines", {}).get("frame", {}).get("fastest") for bundle, manifest in shipped().items()}
    default = {row["bundle"] for row in rows if row["engine"] == recorded.get(row["bundle"])}
    return [row for row in rows if row["bundle"] not in default or row["engine"] == recorded[row["bundle"]]]


def clips(results: Path) -> str:
    """Every clip with each bundle and engine: frames a second, milliseconds a frame and stage, memory, ratios to the floor and the peer."""
    rows = _of_current_bundles(_rows(results, "clips"))
    if not rows:
        return not_measured(f"{BENCHMARK} clips -video FILES -peer COMMAND")
    found = newest(rows, "bundle", "engine", "clip", "measure")
    measured = [measure for (measure,) in newest(rows, "measure") if measure not in _SUMS]
    stages = sorted(measured, key=lambda stage: _STAGES.index(stage) if stage in _STAGES else len(_STAGES))
    lines = []
    bundles = list(newest(rows, "bundle"))
    for key, row in sorted(newest(rows, "bundle", "engine", "clip").items(), key=lambda item: bundles.index(item[0][:1])):
        own = {measure: float(found[*key, measure]["median"]) for measure in (*stages, *_SUMS) if (*key, measure) in found}
        per_frame = [f"{own[stage] / int(row['frames']):.1f}" if stage in own else "" for stage in stages]
        ratios = [f"{own[ratio]:.1f}" if ratio in own else "" for ratio in RATIOS]
        what = f"{row['clip']}, {row['width']}x{row['height']}, {int(row['faces']) / int(row['frames']):.1f} faces"
        memory = f"{own[MEMORY]:.0f} MB" if MEMORY in own else ""
        lines.append([row["bundle"], row["engine"], what, f"{own['frames_per_s']:.3g}", *per_frame, memory, *ratios])
    headers = [
        "bundle",
        "engine",
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


def cluster(results: Path) -> str:
    """What a clip takes in one process, and on Ray with one worker and with two."""
    rows = _rows(results, "cluster")
    if not rows:
        return not_measured(f"{BENCHMARK} cluster -video FILE")
    # The many clips of one frame are a line of their own.
    newest_runs = newest(rows, "clip", "workers_on_ray", "clips").values()
    lines = [
        [
            row["clip"],
            f"Ray, {row['workers_on_ray']} worker{'s' * (row['workers_on_ray'] != '1')}" if int(row["workers_on_ray"]) else "one process",
            row["clips"],
            f"{float(row['ms_a_clip']):.0f}",
            f"{float(row['times_one_process']):.2f}",
            f"{float(row['own_mb_middle']):.0f} MB, {float(row['own_mb_end']):.0f} MB",
        ]
        for row in newest_runs
    ]
    headers = ["clip", "on", "clips", "ms a clip", "times the speed of one process", "memory of the call: half way, at the end"]
    return table(headers, lines, measured_on(newest_runs))


def budgets(results: Path) -> str:
    """What prediction may cost, and what it does cost."""
    found = costs(results)
    lines = [
        [f"frames/s, `{BUDGET_CLIP}`, CSV only", ">= 100", found["frames-per-s"]],
        ["times the speed of the peer's recipe on it", ">= 10", found["times-the-peer"]],
        ["times the floor (decoding and networks alone), the worst clip", "<= 2", found["times-the-floor"]],
        ["start of `predict.py` to its first frame", "<= 6 s", found["start"]],
        [f"resident memory after the first minute of a long clip{_of_frames(results)}", "<= 1200 MB, flat", found["memory"]],
        ["SP over 2.8 million frames, the slowest window", "<= 2 s", found["smoothing"]],
        ["SP over them with Table 4's six windows", "<= 15 s", found["smoothing-six-windows"]],
        ["Tables 2 and 4 of 2.8 million frames from cached logits", "<= 60 s, <= 4 GB", found["tables"]],
    ]
    return table([f"what, with `{_BUDGET_BUNDLE}`", "budget", "measured"], lines)


def costs(results: Path) -> dict[str, str]:
    """What the default bundle costs, each figure by its name."""
    clips = [row for row in _by_default(_rows(results, "clips")) if row["bundle"] == _BUDGET_BUNDLE]
    found = {key: float(row["median"]) for key, row in newest(clips, "clip", "measure").items()}
    over_floor = [value for (_, measure), value in found.items() if measure == "times_the_floor"]
    windows = newest(_rows(results, "smoothing"), "frames", "window").items()
    smoothing = [float(row["median"]) for (frames, _), row in windows if frames == _BUDGET_FRAMES]
    startup = [row for row in _rows(results, "startup") if row["bundle"] == _BUDGET_BUNDLE]
    scoring = newest(_rows(results, "tables"), "frames").get((_BUDGET_FRAMES,))
    memory = _long_run(results)
    settled, slope = "peak_settled_mb", "slope_mb_per_minute"
    return {
        "frames-per-s": number(found.get((BUDGET_CLIP, "frames_per_s")), "{:.0f}"),
        "times-the-peer": number(found.get((BUDGET_CLIP, "times_the_peer")), "{:.1f}"),
        "times-the-floor": number(max(over_floor, default=None), "{:.2f}"),
        "start": number(float(startup[-1]["median"]) if startup else None, "{:.1f} s"),
        "memory": f"{float(memory[settled]):.0f} MB, {float(memory[slope]):+.2f} MB a minute" if memory else NOT_MEASURED,
        "smoothing": number(max(smoothing, default=None), "{:.2f} s"),
        "smoothing-six-windows": number(sum(smoothing) or None, "{:.2f} s"),
        "tables": f"{float(scoring['total_s']):.1f} s, {float(scoring['peak_mb']) / 1e3:.1f} GB" if scoring else NOT_MEASURED,
    }


def _long_run(results: Path) -> dict[str, str] | None:
    runs = [row for row in _rows(results, "memory") if row["bundle"] == _BUDGET_BUNDLE]
    return runs[-1] if runs else None


def _of_frames(results: Path) -> str:
    run = _long_run(results)
    return f" ({int(run['frames'])} frames)" if run else ""


def frames_per_second(results: Path) -> tuple[dict[str, str], str]:
    """Frames a second of the clip of the budgets by bundle, and a sentence on what they were measured on."""
    rows = [row for row in _by_default(_rows(results, "clips")) if row["clip"] == BUDGET_CLIP]
    found = newest([row for row in rows if row["measure"] == "frames_per_s"], "bundle")
    return {bundle: f"{float(row['median']):.0f}" for (bundle,), row in found.items()}, measured_on(found.values()) if found else ""


def number(value: float | None, form: str) -> str:
    """`value` as the format string `form` writes it, or that it was not measured."""
    return NOT_MEASURED if value is None else form.format(value)
