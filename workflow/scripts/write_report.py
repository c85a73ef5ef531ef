"""Rule write_report: tables and figures to one self-contained page."""

from pathlib import Path

import yaml

from complexity_atlas import contracts, logs
from complexity_atlas.experiments import companions
from complexity_atlas.experiments.zoo.tables import SCORES
from complexity_atlas.experiments.zoo.weight_features import COMPARISON
from complexity_atlas.report import ReportInputs, write_report
from complexity_atlas.report.zoo import ZooResults
from complexity_atlas.scores.tables import SOURCES
from complexity_atlas.statistics.settings import settings_from_config
from complexity_atlas.study import published

logs.start_logging(snakemake.log[0])


def by_stem(paths):
    """PNG files by name."""
    return {Path(path).name.removesuffix(".png"): Path(path) for path in paths}


def zoo_results(complexity, statistics):
    """What the zoo gave, if the study has one."""
    if not snakemake.input.zoo:
        return None
    scores = contracts.read_table(snakemake.input.zoo[0], SCORES)
    return ZooResults(
        complexity=complexity[complexity.model.isin(scores.model_id)],
        scores=scores,
        comparison=contracts.read_table(snakemake.input.zoo[1], COMPARISON),
        statistics=statistics,
    )


measured = contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS)
everything = contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY)
scores = contracts.read_table(snakemake.input.scores, contracts.SCORES)
statistics = contracts.read_tables(snakemake.input.statistics, contracts.STATISTICS)
models, ledger, complexity = published(
    measured, contracts.read_table(snakemake.input.ledger, contracts.LEDGER), everything
)
benchmarks = contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS)
shown = scores.model_id.str.replace("/", "--").isin(models.model)
inputs = ReportInputs(
    models=models,
    ledger=ledger,
    complexity=complexity,
    benchmarks=benchmarks[benchmarks.benchmark_id.isin(scores.benchmark_id)],
    scores=scores[shown],
    sources=contracts.read_table(snakemake.input.sources, SOURCES),
    statistics=statistics,
    verdict=contracts.read_table(snakemake.input.verdict, contracts.VERDICTS),
    noise=contracts.read_table(snakemake.input.controls, contracts.STATISTICS),
    calibration=contracts.read_table(snakemake.input.calibration, contracts.CALIBRATION),
    quantised_order=contracts.read_table(snakemake.input.order, contracts.QUANTISED_ORDER),
    confound=contracts.read_table(snakemake.input.noise, contracts.NOISE),
    settings=settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
    variants=snakemake.params.variants,
    versions=yaml.safe_load(Path(snakemake.input.run).read_text(encoding="utf-8"))["versions"],
    figures=by_stem(snakemake.input.figures),
    planes=by_stem(snakemake.input.planes),
    zoo=zoo_results(everything, statistics),
    companions={
        name: contracts.read_table(path, companions.TABLES[name])
        for path in snakemake.input.companions
        for name in [Path(path).stem]
    },
)
write_report(inputs, snakemake.output[0])
