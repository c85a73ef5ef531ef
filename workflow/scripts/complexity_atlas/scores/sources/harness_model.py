"""Which model a results file of the harness is about: its free-form `model_args`."""

import re
from dataclasses import dataclass

from complexity_atlas.scores.sources.reading import precision, truth

_NEXT_ARGUMENT = re.compile(r",(?=\s*[A-Za-z_]\w*\s*=)")
_NAMES = ("pretrained", "model", "model_name", "engine", "path", "load")


@dataclass(frozen=True, slots=True)
class HarnessModel:
    """A model as the harness was given it; `revision` is "" where it was a moving name."""

    name: str
    revision: str
    precision: str


def read_arguments(model_args: object) -> dict[str, str]:
    """Return the arguments of "pretrained=org/m,revision=r" in any order, or of an object.

    A value may hold "=" and commas, and may be quoted.
    """
    if isinstance(model_args, dict):
        return {key: str(value) for key, value in model_args.items() if value is not None}
    arguments = {}
    for part in _NEXT_ARGUMENT.split(str(model_args or "")):
        key, equals, value = part.partition("=")
        if equals:
            arguments[key.strip()] = value.strip().strip("'\"")
    return arguments


def read_model(config: dict, model_name: str = "") -> HarnessModel:
    """Read a results file's `config`; `model_name` is the file's own field, if it has one.

    An adapter (peft, delta) makes another model than its base, so it is part of the name: "org/base
    + org/adapter". The name is otherwise as printed, a local path included.
    """
    arguments = read_arguments(config.get("model_args"))
    name = next((arguments[key] for key in _NAMES if arguments.get(key)), "")
    name = name or model_name or str(config.get("model") or "")
    for adapter in ("peft", "delta"):
        if arguments.get(adapter):
            name = f"{name} + {arguments[adapter]}"
    return HarnessModel(name, _revision(config, arguments), _precision(config, arguments))


def _revision(config: dict, arguments: dict[str, str]) -> str:
    stated = arguments.get("revision") or ""
    if stated in ("", "main", "None"):
        stated = str(config.get("model_sha") or "")
    if not stated and arguments.get("iteration"):
        return f"step{arguments['iteration']}"
    return stated


def _precision(config: dict, arguments: dict[str, str]) -> str:
    if truth(arguments.get("load_in_4bit")):
        return "int4"
    if truth(arguments.get("load_in_8bit")):
        return "int8"
    if any(arguments.get(key) not in (None, "False") for key in ("gptq", "autogptq", "quantized")):
        return "gptq"
    stated = arguments.get("dtype") or str(config.get("model_dtype") or "")
    return precision(stated or arguments.get("precision", ""))
