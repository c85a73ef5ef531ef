"""Errors that a user can act on."""

from typing import Literal

Unavailable = Literal[
    "unavailable",
    "gated",
    "not_found",
    "revision_not_found",
    "unreachable",
    "hash_mismatch",
    "unreadable",
    "unsupported",
    "empty",
]


class AtlasError(Exception):
    """Bad input. The message says what was found, where, and what to do."""


class WeightsUnavailable(AtlasError):
    """Weights that cannot be measured: a finding about the model, after which a study goes on.

    `status` is one of "unavailable" (a file that is gone or withheld), "gated" (conditions were not
    accepted), "not_found" and "revision_not_found" (repositories and commits that the Hub does not
    have, or does not show), "unreachable" (the Hub stayed broken), "hash_mismatch",
    "unreadable" (damaged), "unsupported" (refused) and "empty" (nothing to count).
    """

    def __init__(self, status: Unavailable, reason: str):
        super().__init__(reason)
        self.status = status
