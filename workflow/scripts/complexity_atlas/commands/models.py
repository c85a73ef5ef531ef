"""Commands for the models of a study: `measure-models`, `prefetch` and `plan`."""

import argparse
import json
from pathlib import Path

from complexity_atlas.logs import byte_progress


def add_commands(commands) -> None:
    """Add `measure-models`, `prefetch` and `plan` to the command line."""
    _add_measure_models(commands)
    _add_prefetch(commands)
    _add_plan(commands)


def _add_measure_models(commands) -> None:
    command = commands.add_parser(
        "measure-models", help="fetch and count the weights of a few models of a study"
    )
    command.add_argument("--specs", required=True, help="rows of models as a JSON list")
    command.add_argument("--out", required=True, type=Path, help="where each model gets a folder")
    command.add_argument("--cache", required=True, type=Path, help="folder of downloaded files")
    command.add_argument(
        "--weights",
        choices=("stream", "cache"),
        default="stream",
        help="read from the Hub as they arrive, or by way of its cache",
    )
    command.add_argument(
        "--keep",
        type=int,
        choices=(0, 1),
        default=1,
        help="0: a file in the Hub cache goes once it is counted",
    )
    command.add_argument("--threads", type=int, default=1, help="one if not given")
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
    command.add_argument(
        "--retries-left",
        type=int,
        default=0,
        help="runs that follow if this one fails; with 0 a broken server is the model's status",
    )
    command.set_defaults(run=_measure_models)


def _add_prefetch(commands) -> None:
    command = commands.add_parser(
        "prefetch", help="bring the weights of a few models into the caches, and count nothing"
    )
    command.add_argument("--specs", required=True, help="rows of models as a JSON list")
    command.add_argument("--cache", required=True, type=Path, help="folder of downloaded files")
    command.set_defaults(run=_prefetch)


def _add_plan(commands) -> None:
    command = commands.add_parser("plan", help="list the networks of a study, bytes and licences")
    command.add_argument(
        "--config",
        type=Path,
        default=Path("config", "config.yaml"),
        help="the study, config/config.yaml if not given",
    )
    command.set_defaults(run=_plan)


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
            is_last_attempt=options.retries_left <= 0,
        )
        print(
            f"{record.model}: {record.status}, {record.n_weights:,} weights counted {record.reason}"
        )
    return 0


def _prefetch(options: argparse.Namespace) -> int:
    from complexity_atlas.weights.sources import ModelSpec, prefetch

    for spec in [ModelSpec(**fields) for fields in json.loads(options.specs)]:
        print(f"{spec.model}: {prefetch(spec, options.cache)}")
    return 0


def _plan(options: argparse.Namespace) -> int:
    import yaml

    from complexity_atlas.study import load_models, plan

    config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    print(plan(load_models(config["models"], config.get("sizes", ()))))
    return 0
