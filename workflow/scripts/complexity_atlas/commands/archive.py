"""Commands for an archived study: `archive`, `unpack` and `verify`."""

import argparse
from pathlib import Path

from complexity_atlas.commands import RESULTS


def add_commands(commands) -> None:
    """Add `archive`, `unpack` and `verify` to the command line."""
    pack = commands.add_parser("archive", help="pack a finished study into one file")
    pack.add_argument(
        "--out",
        type=Path,
        default=Path("results", "archive.tar"),
        help="results/archive.tar if not given",
    )
    pack.set_defaults(run=_archive)
    unpack = commands.add_parser("unpack", help="unpack an archived study, to rebuild its tables")
    unpack.add_argument("archive", type=Path, help="file that `archive` made")
    unpack.set_defaults(run=_unpack)
    verify = commands.add_parser("verify", help="compare rebuilt tables with the archived ones")
    verify.set_defaults(run=_verify)
    for command in (pack, unpack, verify):
        command.add_argument("--results", type=Path, default=Path("results"), help=RESULTS)


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
