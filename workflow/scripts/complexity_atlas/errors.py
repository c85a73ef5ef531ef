"""Errors that a user can act on."""

from typing import Literal

Unavailable = Literal["unavailable", "hash_mismatch", "unreadable", "unsupported", "empty"]


class AtlasError(Exception):
    """Bad input. The message says what was found, where, and what to do."""


class WeightsUnavailable(AtlasError):
    """Weights that cannot be measured: a finding about the model, after which a study goes on.

    `status` is one of "unavailable" (gone or gated), "hash_mismatch", "unreadable" (damaged),
    "unsupported" (a format that is refused) and "empty" (nothing to count).
    """

    def __init__(self, status: Unavailable, reason: str):
        super().__init__(reason)
        self.status = status
