"""Sections of the configuration as data classes, and what to say of a key or value that is none."""

from collections.abc import Mapping
from dataclasses import fields

from complexity_atlas.errors import AtlasError


def known_keys(where: str, config: Mapping[str, object], kind: type) -> Mapping[str, object]:
    """The section `config`, every key of which is a field of the data class `kind`.

    Raises AtlasError, with `where` the section is, on any other key.
    """
    known = [field.name for field in fields(kind)]
    for key in config:
        if key not in known:
            raise AtlasError(
                f"configuration: {where}.{key} is not a setting; known are {', '.join(known)}"
            )
    return config


def bad_value(where: str, value: object, remedy: str) -> AtlasError:
    """The error for a setting that cannot be used; `where` is its section and key."""
    return AtlasError(f"configuration: {where} is {value!r}; {remedy}")
