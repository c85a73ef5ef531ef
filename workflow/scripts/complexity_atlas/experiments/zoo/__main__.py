"""Command line: `python -m complexity_atlas.experiments.zoo text` and `… train`."""

import argparse
import json
import sys
from pathlib import Path

from complexity_atlas.contracts import write_table
from complexity_atlas.devices import resolve_device
from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.logs import start_logging


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, with an expected error as one line on stderr."""
    parser = argparse.ArgumentParser(prog="complexity_atlas.experiments.zoo", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_text(commands)
    _add_train(commands)
    options = parser.parse_args(arguments)
    start_logging()
    try:
        options.run(options)
    except AtlasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _add_text(commands) -> None:
    command = commands.add_parser("text", help="collect and split the text, and make cloze items")
    command.add_argument("--sources", nargs="+", required=True)
    command.add_argument("--test-share", type=float, required=True)
    command.add_argument("--window", type=int, required=True)
    command.add_argument("--cloze-items", type=int, required=True)
    command.add_argument("--corpus", type=Path, required=True, help="table of documents to write")
    command.add_argument("--items", type=Path, required=True, help="table of cloze items to write")
    command.set_defaults(run=_text)


def _text(options: argparse.Namespace) -> None:
    from complexity_atlas.experiments.zoo.cloze import items_table, make_items
    from complexity_atlas.experiments.zoo.tables import ITEMS
    from complexity_atlas.experiments.zoo.text import build_corpus, collect_documents, write_corpus

    corpus = build_corpus(collect_documents(options.sources), options.test_share)
    items = make_items(corpus, options.cloze_items, options.window)
    write_corpus(corpus, options.corpus)
    write_table(items_table(items), options.items, ITEMS)
    sizes = {split: len(corpus.encoded(split)) for split in ("train", "test")}
    print(f"{sizes['train']:,} training and {sizes['test']:,} held-out characters, {corpus.sha256}")


def _add_train(commands) -> None:
    command = commands.add_parser("train", help="train, save and score one network")
    command.add_argument("--spec", required=True, help="the run: a RunSpec as a JSON object")
    command.add_argument("--corpus", type=Path, required=True, help="table of documents")
    command.add_argument("--items", type=Path, required=True, help="table of cloze items")
    command.add_argument("--test-windows", type=int, required=True)
    command.add_argument("--cloze-trials", type=int, required=True)
    command.add_argument("--out", type=Path, required=True, help="folder of the run")
    command.add_argument("--device", default="cpu", help="auto, cpu, or a device of torch")
    command.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from complexity_atlas.experiments.zoo.cloze import read_items
    from complexity_atlas.experiments.zoo.evaluate import make_exam
    from complexity_atlas.experiments.zoo.text import read_corpus
    from complexity_atlas.experiments.zoo.train import train_run

    run = RunSpec(**json.loads(options.spec))
    corpus, items = read_corpus(options.corpus), read_items(options.items)
    exam = make_exam(corpus, items, options.test_windows, run.window, options.cloze_trials)
    train_run(run, corpus, exam, options.out, resolve_device(options.device))


if __name__ == "__main__":
    sys.exit(main())
