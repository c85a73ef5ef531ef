"""How long the statistics take on a large study: 200 models, 8 benchmarks, 40 measures.

Makes a study in which measures know a little, puts every question to it in processes of their own,
prints seconds per question and the gate, and writes the table as CSV. The exit status is 1 if the
gate is missed.
"""

import argparse
import importlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from reporting import write_csv
from tqdm import tqdm

from complexity_atlas.statistics import multiplicity, verdict
from complexity_atlas.statistics.design import ANALYSIS
from complexity_atlas.statistics.settings import Settings

# The slowest first, so that no process waits for a late one.
QUESTIONS = (
    "relation",
    "mixed_model",
    "leave_family_out",
    "size_adjusted",
    "raw",
    "guidance",
    "matched_pairs",
    "trajectories",
    "ceilings",
    "power",
    "targets",
)
MODELS, FAMILIES, BENCHMARKS, MEASURES = 200, 50, 8, 40
GATE_SECONDS = 300.0


@dataclass(frozen=True)
class Result:
    """What one question took: wall time, processor time, and how many rows it answered with."""

    question: str
    seconds: float
    cpu_seconds: float
    rows: int


def main() -> int:
    """Put every question to the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("results/benchmark/statistics.csv"))
    arguments = parser.parse_args()
    analysis = large_study(arguments.seed)
    settings = Settings(seed=arguments.seed)
    start = time.perf_counter()
    results, answers = ask_all(analysis, settings, arguments.processes)
    adjusted = multiplicity.adjust(answers, settings)
    found = verdict.verdicts(adjusted, settings)
    seconds = time.perf_counter() - start
    results.append(Result("all", seconds, sum(r.cpu_seconds for r in results), len(adjusted)))
    write_csv(results, arguments.output)
    for result in results:
        print(
            f"{result.question:18} {result.seconds:8.1f} s {result.cpu_seconds:8.1f} s CPU "
            f"{result.rows:8,} rows"
        )
    passed = seconds < GATE_SECONDS
    print(
        f"{MODELS} models, {BENCHMARKS} benchmarks, {MEASURES} measures, {len(found)} verdicts, "
        f"{arguments.processes} processes: {seconds:.0f} s "
        f"({'passes' if passed else 'MISSES'} the gate of {GATE_SECONDS:.0f} s)"
    )
    return 0 if passed else 1


def large_study(seed: int) -> pd.DataFrame:
    """Analysis frame in which scores follow size, data, family and a little of each measure."""
    rng = np.random.default_rng(seed)
    family = np.sort(rng.integers(0, FAMILIES, MODELS))
    size = rng.normal(size=MODELS)
    data = rng.normal(size=MODELS)
    known = pd.DataFrame(
        {
            "model": [f"model-{i:03d}" for i in range(MODELS)],
            "family": [f"family-{code:02d}" for code in family],
            "log_n": 20 + 2 * size,
            "log_d": 27 + data,
            "flops": 6 * np.exp(47 + 2 * size + data),
        }
    )
    measures = rng.normal(size=(MEASURES, FAMILIES))[:, family] + rng.normal(
        size=(MEASURES, MODELS)
    )
    parts = []
    for benchmark in range(BENCHMARKS):
        loads = rng.normal(scale=0.1, size=MEASURES)
        score = size + 0.5 * data + rng.normal(size=FAMILIES)[family] + loads @ measures
        score = 0.5 + 0.08 * (score + 0.5 * rng.normal(size=MODELS))
        targets = known.assign(benchmark=f"benchmark-{benchmark}", score=score)
        parts += [
            targets.assign(
                measure="lmc" if i == 0 else f"measure-{i:02d}", value=np.exp(column / 5)
            )
            for i, column in enumerate(measures + 0.3 * size)
        ]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(variant="window", view="folded", aggregate="pooled", run="", control="")
    unknown = [name for name in ANALYSIS if name not in frame]
    return frame.assign(**dict.fromkeys(unknown, np.nan))[list(ANALYSIS)]


def ask_all(
    analysis: pd.DataFrame, settings: Settings, processes: int
) -> tuple[list[Result], pd.DataFrame]:
    """Every question with its times, in order, and all their rows."""
    answers = {}
    with ProcessPoolExecutor(processes) as pool:
        asked = {pool.submit(ask, name, analysis, settings): name for name in QUESTIONS}
        shown = tqdm(as_completed(asked), total=len(asked), unit="question", file=sys.stderr)
        for done in shown:
            answers[asked[done]] = done.result()
            shown.set_postfix_str(asked[done])
    results = [answers[name][0] for name in QUESTIONS]
    rows = pd.concat([answers[name][1] for name in QUESTIONS], ignore_index=True)
    return results, rows


def ask(name: str, analysis: pd.DataFrame, settings: Settings) -> tuple[Result, pd.DataFrame]:
    """One question, timed."""
    module = importlib.import_module(f"complexity_atlas.statistics.{name}")
    start, used = time.perf_counter(), time.process_time()
    rows = module.question(analysis, settings)
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    return Result(name, wall, cpu, len(rows)), rows


if __name__ == "__main__":
    sys.exit(main())
