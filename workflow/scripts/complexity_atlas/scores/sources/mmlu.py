"""The macro mean over MMLU's 57 subjects, for files that print the subjects only."""

import math
from collections.abc import Sequence
from dataclasses import replace

from complexity_atlas.scores.numbers import NoNumber, read_number
from complexity_atlas.scores.reported import Reported

GROUP = "hendrycksTest"
N_SUBJECTS = 57


def split_subject(task: str) -> tuple[str, str]:
    """Return (benchmark, subtask) of a task of the harness: "hendrycksTest-anatomy" has both."""
    group, dash, subject = task.partition("-")
    return (group, subject) if dash and group == GROUP else (task, "")


def macro_mean(rows: Sequence[Reported], locator: str) -> list[Reported]:
    """Return the unweighted mean over the subjects, one row per metric that all 57 have.

    This is the Open LLM Leaderboard's MMLU; weighted by items it is up to a point lower. The
    subjects' errors are independent, so the standard error is sqrt(sum se^2) / 57. The row is
    flagged `derived`, and `partial` where a subject is.
    """
    means = []
    subjects = [row for row in rows if row.benchmark_raw == GROUP and row.subtask_raw]
    for metric in sorted({row.metric_raw for row in subjects}):
        chosen = [row for row in subjects if row.metric_raw == metric]
        if len({row.subtask_raw for row in chosen}) == len(chosen) == N_SUBJECTS:
            means.append(_mean(chosen, locator))
    return means


def _mean(rows: Sequence[Reported], locator: str) -> Reported:
    values = [read_number(row.value_raw).value for row in rows]
    flags = {"derived"} | {flag for row in rows for flag in row.flags if flag == "partial"}
    return replace(
        rows[0],
        locator=f"{locator}/{rows[0].metric_raw}",
        value_raw=repr(math.fsum(values) / len(values)),
        subtask_raw="",
        stderr_raw=_standard_error(rows),
        n_items=None,
        aggregation="macro",
        flags=tuple(sorted(flags)),
    )


def _standard_error(rows: Sequence[Reported]) -> str:
    try:
        errors = [read_number(row.stderr_raw).value for row in rows]
    except NoNumber:
        return ""
    return repr(math.hypot(*errors) / len(errors))
