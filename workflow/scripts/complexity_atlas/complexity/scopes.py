"""The scopes of a network that are measured: the whole, its roles and its layers, in each view."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from complexity_atlas.contracts import VIEWS


class Placed(Protocol):
    """A part of a network, with its place in it."""

    view: str
    layer: int | None
    role: str


Part = TypeVar("Part", bound=Placed)


def views_of(part: Placed) -> tuple[str, ...]:
    """The views that a part belongs to."""
    return VIEWS if part.view == "both" else (part.view,)


def scopes(
    network: Sequence[Part], parts: bool = True
) -> Iterator[tuple[tuple[str, ...], str, list[Part]]]:
    """Views, name and members of every scope; views that share all members are given as one.

    Without `parts` the whole network is the only scope.
    """
    found = [("model", list(network))] if network else []
    for role in sorted({part.role for part in network if parts}):
        found.append((f"role:{role}", [part for part in network if part.role == role]))
    for layer in sorted({part.layer for part in network if parts and part.layer is not None}):
        found.append((f"layer:{layer}", [part for part in network if part.layer == layer]))
    for scope, members in found:
        if all(part.view == "both" for part in members):
            yield VIEWS, scope, members
            continue
        for view in VIEWS:
            yield (view,), scope, [part for part in members if view in views_of(part)]
