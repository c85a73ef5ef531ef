"""Damaged files are opened, or refused with their name."""

from pathlib import Path

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights import Weights, open_weights


def opened(path: Path) -> Weights | None:
    """What a damaged file still holds; None where it is refused, as it should be."""
    try:
        return open_weights([path])
    except WeightsUnavailable as error:
        refusal = error
    assert refusal.status == "unreadable"
    assert str(path) in str(refusal)
    return None
