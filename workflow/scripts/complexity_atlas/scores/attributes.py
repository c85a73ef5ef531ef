"""What sources say of the models themselves: sizes, training data, families."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.identity import Models
from complexity_atlas.scores.numbers import NoNumber, read_quantity
from complexity_atlas.scores.tables import SCORED_MODELS

QUANTITIES = (
    *("n_params", "n_params_total", "n_params_active", "n_params_nonembedding"),
    *("n_train_tokens", "train_flops"),
)
TEXTS = ("family", "developer", "release_date")


def scored_models(
    attributes: pd.DataFrame, scores: pd.DataFrame, models: Models, sources: Sequence[Source]
) -> pd.DataFrame:
    """One row per model that has a score or an attribute (contract SCORED_MODELS).

    `attributes` has the columns of ModelAttribute and reports.ORIGIN. Of several sources of one
    attribute the first by id counts; meanings are never mixed, since each has its own column.
    """
    prefix = {s.id: s.model_ids if s.model_ids.endswith("/") else "" for s in sources}
    known = attributes[attributes.attribute.isin(QUANTITIES + TEXTS)]
    known = known.sort_values(["attribute", "source_id", "file", "locator"], kind="stable")
    rows: dict[str, dict[str, object]] = {}
    for row in known.itertuples(index=False):
        model_id = models.resolve(prefix[row.source_id] + row.model_raw, row.source_id).model_id
        value = _value(row)
        if model_id is None or value is None:
            continue
        found = rows.setdefault(model_id, {"attribute_sources": {}})
        if row.attribute not in found:
            found[row.attribute] = value
            where = f"{row.source_id} {row.file} {row.locator}"
            found["attribute_sources"][row.attribute] = where
    counts = _counts(scores)
    table = pd.DataFrame(
        [_described(rows.get(model_id, {})) for model_id in sorted({*rows, *counts.index})],
        columns=list(SCORED_MODELS.columns),
    )
    ids = pd.Index(sorted({*rows, *counts.index}))
    counted = counts.reindex(ids, fill_value=0).reset_index(drop=True)
    return SCORED_MODELS.check(table.assign(model_id=ids, **counted))


def _described(found: dict[str, object]) -> dict[str, object]:
    places = found.get("attribute_sources", {})
    return (
        {name: found.get(name, np.nan) for name in QUANTITIES}
        | {name: found.get(name, "") for name in TEXTS}
        | {"attribute_sources": "; ".join(f"{k}: {v}" for k, v in sorted(places.items()))}
    )


def _value(row) -> object:
    if row.attribute in QUANTITIES:
        try:
            return read_quantity(row.value_raw, row.unit)
        except NoNumber:
            return None
    if row.attribute == "release_date":
        return read_date(row.value_raw)[:10] or None
    return " ".join(row.value_raw.split()) or None


def _counts(scores: pd.DataFrame) -> pd.DataFrame:
    used = scores[scores.model_id.notna()].groupby("model_id")
    return pd.DataFrame(
        {
            "n_scores": used.size(),
            "n_benchmarks": used.benchmark_id.nunique(),
            "n_sources": used.source_id.nunique(),
        }
    )
