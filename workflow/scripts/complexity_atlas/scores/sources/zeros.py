"""Zeros that are more likely placeholders than measurements: kept, and flagged."""

import re
from collections import defaultdict
from dataclasses import replace

from complexity_atlas.scores.reported import Parsed, Reported

_ZERO = re.compile(r"[+-]?0*\.?0*([eE][+-]?[0-9]+)?\s*%?")


def flag_zeros(parsed: Parsed) -> Parsed:
    """Flag proportions that are exactly zero `below_floor`.

    Where three or more numbers of one model in one file are all zero, they are
    `suspect_placeholder` as well: an evaluation that did not run, rather than a model without any
    ability. Values stay as they are.
    """
    by_model = defaultdict(list)
    for row in parsed.reported:
        by_model[row.model_raw, row.model_revision, row.precision].append(_is_zero(row))
    suspects = {key for key, zeros in by_model.items() if len(zeros) >= 3 and all(zeros)}
    rows = tuple(
        _flagged(row, (row.model_raw, row.model_revision, row.precision) in suspects)
        if _is_zero(row)
        else row
        for row in parsed.reported
    )
    return replace(parsed, reported=rows)


def _is_zero(row: Reported) -> bool:
    return row.scale != "unscaled" and bool(_ZERO.fullmatch(row.value_raw.strip()))


def _flagged(row: Reported, suspect: bool) -> Reported:
    more = ("below_floor", "suspect_placeholder")[: 1 + suspect]
    return replace(row, flags=tuple(sorted({*row.flags, *more})))
