"""Command line: `python -m complexity_atlas <command>`."""

import argparse
import json
import sys
from pathlib import Path

from complexity_atlas.commands import one_model
from complexity_atlas.errors import AtlasError
from complexity_atlas.logs import byte_progress, start_logging


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, with an expected error as one line on stderr."""
    parser = argparse.ArgumentParser(prog="complexity_atlas", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one_model.add_commands(commands)
    _add_measure_models(commands)
    _add_prefetch(commands)
    _add_plan(commands)
    _add_archive(commands)
    _add_scores(commands)
    options = parser.parse_args(arguments)
    start_logging()
    try:
        return options.run(options)
    except AtlasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _add_measure_models(commands) -> None:
    command = commands.add_parser(
        "measure-models", help="fetch and count the weights of a few models of a study"
    )
    command.add_argument("--specs", required=True, help="rows of models as a JSON list")
    command.add_argument("--out", required=True, type=Path, help="where each model gets a folder")
    command.add_argument("--cache", required=True, type=Path, help="folder of downloaded files")
    command.add_argument("--weights", choices=("stream", "cache"), default="stream")
    command.add_argument("--keep", type=int, choices=(0, 1), default=1, help="in the Hub cache")
    command.add_argument("--threads", type=int, default=1)
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    command.add_argument(
        "--gpus",
        type=int,
        default=1,
        help="reserved for this command; with 0 the device is the CPU",
    )
    command.add_argument(
        "--spectra-up-to", type=int, default=0, help="weights of the largest tensor with a spectrum"
    )
    command.set_defaults(run=_measure_models)


def _measure_models(options: argparse.Namespace) -> int:
    from complexity_atlas.measure import measure_model
    from complexity_atlas.weights.sources import HubAccess, ModelSpec

    access = HubAccess(options.weights, bool(options.keep))
    for spec in [ModelSpec(**fields) for fields in json.loads(options.specs)]:
        record = measure_model(
            spec,
            options.out / spec.model,
            options.cache,
            options.threads,
            options.device if options.gpus else "cpu",
            byte_progress(spec.model),
            access,
            options.spectra_up_to,
        )
        print(
            f"{record.model}: {record.status}, {record.n_weights:,} weights counted {record.reason}"
        )
    return 0


def _add_prefetch(commands) -> None:
    command = commands.add_parser(
        "prefetch", help="bring the weights of a few models into the caches, and count nothing"
    )
    command.add_argument("--specs", required=True, help="rows of models as a JSON list")
    command.add_argument("--cache", required=True, type=Path, help="folder of downloaded files")
    command.set_defaults(run=_prefetch)


def _prefetch(options: argparse.Namespace) -> int:
    from complexity_atlas.weights.sources import ModelSpec, prefetch

    for spec in [ModelSpec(**fields) for fields in json.loads(options.specs)]:
        print(f"{spec.model}: {prefetch(spec, options.cache)}")
    return 0


def _add_plan(commands) -> None:
    command = commands.add_parser("plan", help="list the networks of a study, bytes and licences")
    command.add_argument("--config", type=Path, default=Path("config", "config.yaml"))
    command.set_defaults(run=_plan)


def _plan(options: argparse.Namespace) -> int:
    import yaml

    from complexity_atlas.study import load_models, plan

    config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    print(plan(load_models(config["models"], config.get("sizes", ()))))
    return 0


def _add_archive(commands) -> None:
    pack = commands.add_parser("archive", help="pack a finished study into one file")
    pack.add_argument("--results", type=Path, default=Path("results"))
    pack.add_argument("--out", type=Path, default=Path("results", "archive.tar"))
    pack.set_defaults(run=_archive)
    unpack = commands.add_parser("unpack", help="unpack an archived study, to rebuild its tables")
    unpack.add_argument("archive", type=Path)
    unpack.add_argument("--results", type=Path, default=Path("results"))
    unpack.set_defaults(run=_unpack)
    verify = commands.add_parser("verify", help="compare rebuilt tables with the archived ones")
    verify.add_argument("--results", type=Path, default=Path("results"))
    verify.set_defaults(run=_verify)


def _archive(options: argparse.Namespace) -> int:
    from complexity_atlas.archive import pack

    members = pack(options.results, options.out)
    size = options.out.stat().st_size
    print(f"{options.out}: {len(members)} files, {size / 1e6:.1f} MB")
    return 0


def _unpack(options: argparse.Namespace) -> int:
    from complexity_atlas.archive import unpack

    unpack(options.archive, options.results)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from complexity_atlas.archive import TOLERANCE, compare

    comparisons = compare(options.results, options.results / "archived")
    for table in comparisons:
        agreed = "identical bytes" if table.identical else f"agrees within {TOLERANCE:g} relative"
        print(f"{table.table}: {table.rows:,} rows, {table.difference or agreed}")
    differing = [table for table in comparisons if table.difference]
    print(f"{len(comparisons) - len(differing)} of {len(comparisons)} tables agree")
    return 1 if differing or not comparisons else 0


def _add_scores(commands) -> None:
    scores = commands.add_parser("scores", help="explain a score, or fetch its sources anew")
    actions = scores.add_subparsers(required=True, metavar="ACTION")
    asked = actions.add_parser("explain", help="where a score comes from, and why it was taken")
    asked.add_argument("model", help="id, name in a source, or folder of results")
    asked.add_argument("benchmark")
    asked.set_defaults(run=_explain_score)
    fresh = actions.add_parser("refresh", help="fetch sources, write the lock, say what changed")
    fresh.add_argument("sources", nargs="*", help="ids in the catalogue; all locked ones if none")
    fresh.set_defaults(run=_refresh_scores)
    for action in (asked, fresh):
        action.add_argument("--config", type=Path, default=Path("config", "scores"))
        action.add_argument("--results", type=Path, default=Path("results"))


def _explain_score(options: argparse.Namespace) -> int:
    from complexity_atlas.scores.explain import explain

    print(explain(options.results / "scores", options.model, options.benchmark, options.config))
    return 0


def _refresh_scores(options: argparse.Namespace) -> int:
    from complexity_atlas.scores.fetch import Fetching
    from complexity_atlas.scores.refreshing import refresh_lock
    from complexity_atlas.scores.store import RawStore

    how = Fetching(RawStore(options.results / "scores" / "raw"))
    lines, failed = refresh_lock(options.sources, options.config, how)
    print("\n".join(lines) or "nothing has changed")
    if failed:
        print(f"not fetched: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
