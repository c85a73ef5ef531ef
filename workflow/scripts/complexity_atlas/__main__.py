"""Command line: `python -m complexity_atlas <command>`."""

import argparse
import sys

from complexity_atlas.commands import archive, models, one_model, scores
from complexity_atlas.errors import AtlasError
from complexity_atlas.logs import start_logging


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, with an expected error as one line on stderr."""
    parser = argparse.ArgumentParser(prog="complexity_atlas", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (one_model, models, archive, scores):
        group.add_commands(commands)
    options = parser.parse_args(arguments)
    start_logging()
    try:
        return options.run(options)
    except AtlasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
