"""Commands for scores: `scores explain`, `scores refresh` and `scores export`."""

import argparse
import sys
from pathlib import Path

from complexity_atlas.commands import RESULTS


def add_commands(commands) -> None:
    """Add `scores` with its actions to the command line."""
    scores = commands.add_parser("scores", help="explain or export scores, or fetch their sources")
    actions = scores.add_subparsers(required=True, metavar="ACTION")
    asked = actions.add_parser("explain", help="where a score comes from, and why it was taken")
    asked.add_argument("model", help="id, name in a source, or folder of results")
    asked.add_argument("benchmark", help="id of a benchmark of the study")
    asked.set_defaults(run=_explain)
    fresh = actions.add_parser("refresh", help="fetch sources, write the lock, say what changed")
    fresh.add_argument("sources", nargs="*", help="ids in the catalogue; all locked ones if none")
    fresh.set_defaults(run=_refresh)
    records = actions.add_parser("export", help="write scores as records of Every Eval Ever 0.3.0")
    records.add_argument("--out", type=Path, required=True, help="folder to write data/ into")
    records.add_argument(
        "--retrieved",
        default="",
        metavar="TIME",
        help="ISO 8601 time for scores whose retrieval nobody noted, 'unknown' if not given",
    )
    records.set_defaults(run=_export)
    for action in (asked, fresh, records):
        action.add_argument(
            "--config",
            type=Path,
            default=Path("config", "scores"),
            help="folder of the catalogue, config/scores if not given",
        )
        action.add_argument("--results", type=Path, default=Path("results"), help=RESULTS)


def _explain(options: argparse.Namespace) -> int:
    from complexity_atlas.scores.explain import explain

    print(explain(options.results / "scores", options.model, options.benchmark, options.config))
    return 0


def _refresh(options: argparse.Namespace) -> int:
    from complexity_atlas.scores.fetch import Fetching
    from complexity_atlas.scores.refreshing import refresh_lock
    from complexity_atlas.scores.store import RawStore

    how = Fetching(RawStore(options.results / "scores" / "raw"))
    lines, failed = refresh_lock(options.sources, options.config, how)
    print("\n".join(lines) or "nothing has changed")
    if failed:
        print(f"not fetched: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _export(options: argparse.Namespace) -> int:
    from complexity_atlas.scores.exporting import export_scores

    tables = options.results / "scores"
    print(export_scores(tables, options.config, options.out, options.retrieved))
    return 0
