"""Rule write_report: tables and figures to one self-contained page."""

from pathlib import Path

import yaml

from complexity_atlas import contracts, logs
from complexity_atlas.report import ReportInputs, write_report
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])


def by_stem(paths):
    """PNG files by name."""
    return {Path(path).name.removesuffix(".png"): Path(path) for path in paths}


inputs = ReportInputs(
    models=contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    ledger=contracts.read_table(snakemake.input.ledger, contracts.LEDGER),
    complexity=contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    benchmarks=contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    scores=contracts.read_table(snakemake.input.scores, contracts.SCORES),
    statistics=contracts.read_tables(snakemake.input.statistics, contracts.STATISTICS),
    verdict=contracts.read_table(snakemake.input.verdict, contracts.VERDICTS),
    noise=contracts.read_table(snakemake.input.controls, contracts.STATISTICS),
    calibration=contracts.read_table(snakemake.input.calibration, contracts.CALIBRATION),
    confound=contracts.read_table(snakemake.input.noise, contracts.NOISE),
    settings=settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
    variants=snakemake.params.variants,
    versions=yaml.safe_load(Path(snakemake.input.run).read_text(encoding="utf-8"))["versions"],
    figures=by_stem(snakemake.input.figures),
    planes=by_stem(snakemake.input.planes),
)
write_report(inputs, snakemake.output[0])
