# SPDX-License-Identifier: Apache-2.0
"""Computes the paper's Tables 1 to 4 from trained networks, next to the paper's own figures.

cfc-sp tables -runs output -dataset affwild2 -data affwild2 -out results/tables
cfc-sp tables -runs output -dataset affwild2 -data clips -out results/tables \\
    -title "FER+ clips (a simulation)" -members swin_s=lite_swin hrnet=lite_hrnet swin_s_flat=lite_repvgg_flat

The folder -runs holds a folder for each run, named after its config, with best.safetensors in it. A line of a table is computed if
all its runs are there; the tables name missing runs. Logits are computed once and kept.
"""

from pathlib import Path

from ..support.command_line import Parser


def add_options(parser: Parser) -> None:
    parser.option("runs", required=True, type=Path, metavar="FOLDER", help="the folder that holds a folder for each run")
    parser.option("data", required=True, metavar="PATH", help="the data set's folder or zip")
    parser.option("dataset", default="affwild2", help="the kind of the data set (default: affwild2)")
    parser.option(
        "split", default="val", choices=("val", "test"), help="use val to make choices, and test for final figures (default: val)"
    )
    parser.option("members", nargs="+", default=[], metavar="A=B", help="use run B in place of run A, or runs B_... in place of runs A_...")
    parser.option("prior_of", metavar="FOLDER", help="divide out the prior that this bundle divides out (default: none, as in the paper)")
    parser.option("title", metavar="WORDS", help="what the tables call the data (default: the data set's name)")
    parser.option("cache", type=Path, metavar="FOLDER", help="where logits are kept (default: logits in -runs)")
    parser.option("device", default="auto", choices=("auto", "cpu", "gpu"), help="what computes (default: the GPU if there is one)")
    parser.option("out", required=True, type=Path, metavar="FOLDER", help="receives tables.csv, tables.md and the pictures")


def run(arguments) -> None:
    from ..core.labels import STAGES
    from ..scoring.cache import LogitsCache
    from ..scoring.frames import load_frames
    from ..scoring.scorer import Scorer
    from ..scoring.table_files import origin_of, write_tables
    from ..scoring.tables import compute, plan, runs_of
    from ..support.device import select_device
    from ..support.errors import UserError
    from ..weights.trained import trained_config

    if wrong := [word for word in arguments.members if not all(word.partition("=")[::2])]:
        raise UserError(f"-members: expected pairs such as swin_s=lite_swin, found {wrong[0]!r}")
    lines = plan(dict(word.split("=", 1) for word in arguments.members))
    wanted = runs_of(lines)
    paths = {name: arguments.runs / name / "best.safetensors" for name in wanted}
    paths = {name: path for name, path in paths.items() if path.is_file()}
    if not paths:
        raise UserError(
            f"{arguments.runs}: expected runs such as {next(iter(wanted))}/best.safetensors, found none: train one, or name others"
        )
    frames = load_frames(arguments.dataset, arguments.data, arguments.split)
    device = select_device(arguments.device)
    cache = LogitsCache(arguments.cache or arguments.runs / "logits", frames, arguments.dataset, arguments.split, device=device)
    # Members of one table are smoothed alike: as the first run's config says, eq. 1 as printed for the paper's own.
    config, _ = trained_config(next(iter(paths.values())), *STAGES)
    how = config.SP.NORMALIZER, config.CASCADE.NEGATIVE_SCOPE
    print(f"SP as {config.NAME} has it: SP.NORMALIZER {how[0]}, CASCADE.NEGATIVE_SCOPE {how[1]}")
    logits = {name: cache.logits(path, wanted[name]) for name, path in paths.items()}
    shares, tau = bundle_prior(arguments.prior_of) if arguments.prior_of else (None, 0.0)
    scorer = Scorer(frames, logits, *how, shares, tau)
    lines = compute(lines, scorer, set(paths), _report)
    origins = {name: origin_of(path, wanted[name]) for name, path in paths.items()}
    for path in write_tables(lines, origins, arguments.title or arguments.dataset, arguments.split, arguments.out, tau):
        print(path)


def bundle_prior(bundle: str) -> tuple[list[float], float]:
    """The class shares of a bundle's training data, in EXPR order, and the power of them that it divides out.

    Raises UserError for a bundle that divides nothing out.
    """
    from ..core.labels import EXPR
    from ..inference.bundle import open_bundle
    from ..support.errors import UserError

    prior = open_bundle(bundle).manifest.get("prior", {})
    if not prior.get("tau"):
        raise UserError(f"-prior_of: expected a bundle that divides a prior out, found {bundle}: leave -prior_of out, or name another")
    return [prior["shares"][name] for name in EXPR], prior["tau"]


def _report(line) -> None:
    ours = f"ours {line.f1:.2f}" if line.scores else f"missing {', '.join(line.missing)}" if line.missing else ""
    print(f"table {line.table}, {line.name}: {'' if line.paper is None else f'paper {line.paper}, '}{ours}", flush=True)
