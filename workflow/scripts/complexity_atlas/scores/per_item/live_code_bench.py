"""LiveCodeBench, as a matrix: a CSV with a row per problem and a column per model.

Cells are the share of attempts that passed; a negative cell (the site has -0.01) means that the
model was never run on the problem. How many attempts there were is not stated, and is not the same
for all models. Problems have names and no text.
"""

from io import BytesIO
from pathlib import PurePosixPath

import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.per_item import PerItem, flag_never_run, item_uid

NOT_RUN = "never run: negative placeholder"


def parse(content: bytes, name: str, benchmark: str = "live_code_bench") -> PerItem:
    """Read one matrix, whose first column names the problems.

    Raises AtlasError for a file that is no table, a cell that is no number at most 1, or a problem
    that occurs twice.
    """
    try:
        table = pd.read_csv(BytesIO(content), index_col=0, dtype=str)
    except Exception as error:
        raise AtlasError(f"{name}: not readable as CSV: {error}") from error
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise AtlasError(f"{name}: problem {twice!r} has two rows; keep one")
    cells = table.rename_axis("problem").reset_index().melt("problem", var_name="model_id")
    value = pd.to_numeric(cells["value"], errors="coerce")
    if (bad := value.isna() | (value > 1)).any():
        first = cells[bad].iloc[0]
        raise AtlasError(
            f"{name}: {first.model_id} on {first.problem} is {first.value!r}, not a share"
        )
    uid = {problem: item_uid(benchmark, str(problem)) for problem in table.index}
    run = value >= 0
    responses = pd.DataFrame(
        {
            "item_uid": cells["problem"].map(uid),
            "model_id": cells["model_id"],
            "protocol_id": PurePosixPath(name).stem,
            "score": value.where(run),
            "n_correct": None,
            "n_attempts": None,
            "evaluated": run,
            "flag": run.map({True: "", False: NOT_RUN}),
            "source": name,
        }
    )
    items = pd.DataFrame(
        [(uid[problem], benchmark, str(problem), "test", "") for problem in table.index],
        columns=list(ITEMS.columns),
    )
    return PerItem(ITEMS.check(items), RESPONSES.check(flag_never_run(responses)))
