"""What a source calls a model, a benchmark or a metric, and what the study calls it.

The chain for models is: exact, alias, normalised, unresolved. Nothing is ever matched by a prefix
or by likeness: `gpt-4.1-mini` is not `gpt-4.1`, and what no rule resolves stays unresolved.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import pandas as pd
from rapidfuzz import fuzz, process

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.tables import UNRESOLVED

How = Literal["exact", "alias", "normalized", "unresolved"]

_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
_SEPARATORS = re.compile(r"[\s_/-]+")
_DOT_IN_NUMBER = re.compile(r"(?<=[0-9])\.(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Identity:
    """The canonical id of a model, None where `how` is "unresolved"."""

    model_id: str | None
    how: How


@dataclass(frozen=True, slots=True)
class Task:
    """A benchmark, and the part of it that was scored: "" is the whole."""

    benchmark_id: str
    subtask: str = ""


def clean(raw: str) -> str:
    """Return a name with compatibility forms, odd dashes and invisible marks made plain."""
    plain = unicodedata.normalize("NFKC", raw).translate(_INVISIBLE).translate(_DASHES)
    return " ".join(plain.split())


@lru_cache(maxsize=2**16)
def key(raw: str) -> str:
    """Return the form of a name in which spellings of one thing are equal.

    Lower case; runs of space, "_", "-" and "/" are one separator, and so is a dot between digits.
    "+" stays: HumanEval+ is another benchmark than HumanEval.
    """
    return _SEPARATORS.sub("-", _DOT_IN_NUMBER.sub("-", clean(raw).casefold())).strip("-")


class Models:
    """Resolves names of models.

    `listed` are canonical ids that the study vouches for: its own models and the targets of
    aliases. `hub_ids` are ids as sources print them that identify models by Hub ids; of spellings
    that differ in case only, which the Hub does not tell apart, a listed one is canonical, else the
    first in order of code points. Raises AtlasError when an alias leads to another alias.
    """

    def __init__(self, aliases: pd.DataFrame, listed: Iterable[str], hub_ids: Iterable[str] = ()):
        self._aliases = _alias_table(aliases, "model")
        renamed = {raw for raw, _ in self._aliases}
        anchors = sorted({*listed, *self._aliases.values()})
        chained = [name for name in self._aliases.values() if (name, "") in self._aliases]
        if chained:
            raise AtlasError(
                f"aliases: {chained[0]!r} is the canonical name of one row and the raw name of "
                "another; let both lead to the same name"
            )
        canonical = {name.casefold(): name for name in reversed(anchors)}
        for name in sorted(set(map(clean, hub_ids)) - renamed):
            canonical.setdefault(name.casefold(), name)
        self._known = set(canonical.values()) | set(anchors)
        self._by_key = defaultdict(set)
        for name in self._known:
            self._by_key[key(name)].add(name)
        self._folded = canonical
        self._found: dict[tuple[str, str], Identity] = {}

    def resolve(self, raw: str, source: str = "") -> Identity:
        """Return the identity of a model by the name that `source` prints."""
        asked = (raw, source)
        if asked not in self._found:
            self._found[asked] = self._resolve(clean(raw), source)
        return self._found[asked]

    def _resolve(self, name: str, source: str) -> Identity:
        if (name, source) in self._aliases:
            return Identity(self._aliases[name, source], "alias")
        if name in self._known:
            return Identity(name, "exact")
        if (name, "") in self._aliases:
            return Identity(self._aliases[name, ""], "alias")
        if name.casefold() in self._folded:
            return Identity(self._folded[name.casefold()], "normalized")
        candidates = self._by_key.get(key(name), set())
        if len(candidates) == 1:
            return Identity(next(iter(candidates)), "normalized")
        return Identity(None, "unresolved")

    def suggestions(self, unresolved: pd.DataFrame) -> pd.DataFrame:
        """For people: the known model most like each unresolved name (contract UNRESOLVED).

        `unresolved` has columns source_id, model_raw, n_rows. `similarity` is rapidfuzz's WRatio of
        the keys, 0 to 100. No number follows from it.
        """
        known = {name: key(name) for name in sorted(self._known)}
        best = {
            raw: process.extractOne(key(raw), known, scorer=fuzz.WRatio, score_cutoff=60)
            for raw in unresolved.model_raw.unique()
        }
        found = [best[raw] or (None, None, "") for raw in unresolved.model_raw]
        return UNRESOLVED.check(
            unresolved.assign(
                suggestion=[name for _, _, name in found],
                similarity=pd.array([score for _, score, _ in found], dtype="Float64"),
            )
        )


class Vocabulary:
    """Resolves names of benchmarks and metrics, by their ids and by aliases."""

    def __init__(self, aliases: pd.DataFrame, benchmarks: Iterable[str], metrics: Iterable[str]):
        self._tasks = {(key(name), ""): Task(name) for name in benchmarks}
        self._parts: list[tuple[str, str, Task]] = []
        for (raw, source), target in _alias_table(aliases, "benchmark").items():
            name, _, part = target.partition("/")
            if raw.endswith("*"):
                self._parts.append((key(raw[:-1]), source, Task(name, part.removesuffix("*"))))
            else:
                self._tasks[key(raw), source] = Task(name, part)
        self._parts.sort(key=lambda part: -len(part[0]))
        self._metrics = {(key(name), ""): name for name in metrics}
        for (raw, source), target in _alias_table(aliases, "metric").items():
            self._metrics[key(raw), source] = target

    def task(self, raw: str, subtask_raw: str = "", source: str = "") -> Task | None:
        """Return the benchmark that `source` calls `raw`, and its part; None if it is unknown."""
        name = key(raw)
        found = self._tasks.get((name, source)) or self._tasks.get((name, ""))
        if not found:
            for prefix, scope, task in self._parts:
                rest = name.removeprefix(prefix)
                if scope in ("", source) and rest not in ("", name):
                    found = Task(task.benchmark_id, task.subtask + rest.strip("-"))
                    break
        if found and subtask_raw:
            parts = [part for part in (found.subtask, key(subtask_raw)) if part]
            found = Task(found.benchmark_id, "/".join(parts))
        return found

    def metric(self, raw: str, source: str = "", benchmark: str = "") -> str | None:
        """Return the metric that `source` calls `raw`; None if it is unknown.

        An alias "benchmark_id:raw" holds for that benchmark only and goes before others.
        """
        for name in (f"{benchmark}:{raw}", raw):
            for scope in (source, ""):
                if (key(name), scope) in self._metrics:
                    return self._metrics[key(name), scope]
        return None


def _alias_table(aliases: pd.DataFrame, kind: str) -> dict[tuple[str, str], str]:
    rows = aliases[aliases.kind == kind]
    return {(clean(row.raw), row.source): row.canonical for row in rows.itertuples()}
