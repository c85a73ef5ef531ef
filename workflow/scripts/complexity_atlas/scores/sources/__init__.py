"""Parsers of score sources: one module per format, each a pure function of a file's bytes."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from complexity_atlas.scores.reported import Parsed, Reject

MAX_BYTES = 256 * 2**20
"""A file above this size is refused: the largest honest one, a HELM run list, has 100 MB."""

_MODULES = {
    "arena": "arena",
    "epoch": "epoch",
    "harness": "harness",
    "helm": "helm",
    "hub_card": "hub_card",
    "hub_eval_results": "hub_eval_results",
    "html_tables": "html_tables",
    "markdown_tables": "markdown_tables",
    "mteb": "mteb",
    "obsscaling": "obsscaling",
    "openllm_v1": "openllm_v1",
    "openllm_v1_board": "openllm_v1_board",
    "openllm_v2": "openllm_v2",
    "timm": "timm",
    "torchvision": "torchvision",
}


def _parse(module: str, content: bytes, name: str, members: str = "*", **settings) -> Parsed:
    from complexity_atlas.scores.sources import archives, reading, zeros

    if len(content) > MAX_BYTES:
        return Parsed(rejects=(Reject("", "too_big", f"{len(content)} bytes"),))
    parse = import_module(f"{__name__}.{module}").parse
    try:
        if archives.is_archive(content):
            return archives.parse_members(parse, content, name, members, **settings)
        return zeros.flag_zeros(parse(content, name, **settings))
    except reading.Unusable as error:
        return Parsed(rejects=(Reject("", error.reason, str(error.snippet)[:120]),))


PARSERS: Mapping[str, Callable[..., Parsed]] = {
    kind: partial(_parse, module) for kind, module in _MODULES.items()
}
"""Kind of source to its parser: `PARSERS[kind](content, name, **settings)` returns Parsed.

`content` is a file's bytes, or a zip or tar of such files, chosen by the pattern `members`; `name`
is its path within the source, which some formats need: they state the model or the number of shots
nowhere else. Settings are keyword arguments of the module's `parse`. A file that cannot be used is
a reject with an empty locator. Raises AtlasError only for a file of another kind than announced,
such as a table that lacks a required column.
"""
