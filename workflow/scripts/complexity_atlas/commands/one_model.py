"""Commands for one model: `measure` and `compare`."""

import argparse
from pathlib import Path

from complexity_atlas.logs import byte_progress


def add_commands(commands) -> None:
    """Add `measure` and `compare` to the command line."""
    measure = commands.add_parser("measure", help="complexity of one model, layer by layer")
    measure.add_argument(
        "model", metavar="ID_OR_PATH", help="a file, folder or glob of shards, or an id on the Hub"
    )
    measure.add_argument("--revision", default="", help="commit, tag or branch of an id on the Hub")
    _add_options(measure)
    measure.set_defaults(run=_measure)
    compare = commands.add_parser("compare", help="two models side by side")
    compare.add_argument("models", nargs=2, metavar="ID_OR_PATH", help="as for measure")
    compare.add_argument(
        "--revisions", nargs=2, default=("", ""), metavar="REVISION", help="of ids on the Hub"
    )
    _add_options(compare)
    compare.set_defaults(run=_compare)


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, help="write all numbers to a .parquet, .csv or .json")
    command.add_argument("--threads", type=int, help="all cores if not given")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def _measure(options: argparse.Namespace) -> int:
    from complexity_atlas import one_model
    from complexity_atlas.contracts import MODEL_COMPLEXITY

    one_model.check_output(options.out)
    measured = _measured(options, one_model.find_model(options.model, options.revision))
    print(one_model.origin(measured.record))
    for note in measured.record.notes:
        print(f"note: {note}")
    print(one_model.LEGEND, one_model.table_text(one_model.summary(measured)), sep="\n\n")
    if options.out:
        records = {"model": measured.record}
        one_model.write_result(options.out, measured.complexity, MODEL_COMPLEXITY, records)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from complexity_atlas import one_model
    from complexity_atlas.contracts import COMPARISON

    one_model.check_output(options.out)
    named = zip(options.models, options.revisions, strict=True)
    specs = [one_model.find_model(model, revision) for model, revision in named]
    a, b = (_measured(options, spec) for spec in specs)
    compared = one_model.comparison(a, b)
    print(f"a: {one_model.origin(a.record)}\nb: {one_model.origin(b.record)}")
    print("value: LMC complexity C of each part; excess: beyond that of as many Gaussian weights\n")
    print(one_model.table_text(one_model.comparison_summary(compared)))
    if options.out:
        records = {"a": a.record, "b": b.record}
        one_model.write_result(options.out, compared, COMPARISON, records)
    return 0


def _measured(options: argparse.Namespace, spec):
    from complexity_atlas import one_model

    threads = options.threads or one_model.available_cores()
    return one_model.measure_one(spec, threads, options.device, byte_progress(spec.model))
