"""Parsers of score sources: one module per format, each a pure function of a file's bytes."""

from collections.abc import Callable
from importlib import import_module

from complexity_atlas.scores.reported import Parsed

PARSERS = {}
"""Kind of source to the module that parses it."""


def parser(kind: str) -> Callable[..., Parsed]:
    """Return the function `parse(content: bytes, name: str, **settings) -> Parsed` of a kind.

    `name` is the file's path within its source, which some formats need: they state the model or
    the number of shots nowhere else. Raises KeyError for an unknown kind; a parser raises
    AtlasError only for a file that is not of its format at all, such as a table that lacks a
    required column. Anything else that it cannot use is a reject with a reason.
    """
    return import_module(f"{__name__}.{PARSERS[kind]}").parse
