"""What the page is made of: tables, pictures, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from complexity_atlas.figures.selection import Selection
from complexity_atlas.report.zoo import ZooResults
from complexity_atlas.statistics.settings import Settings


@dataclass(frozen=True)
class ReportInputs:
    """Everything the page is made of.

    models      contract MEASURED_MODELS
    ledger      contract LEDGER, of all models
    complexity  contract MODEL_COMPLEXITY, of all models
    benchmarks  contract BENCHMARKS
    scores      contract SCORES
    statistics  contract STATISTICS, of all questions
    verdict     contract VERDICTS
    noise       contract STATISTICS, of models that know nothing
    calibration contract CALIBRATION
    confound    columns of `figures.confound.confound_table`
    quantised_order  contract QUANTISED_ORDER
    settings    of the statistics: the primary effect, confidence, seed
    variants    binning variants in order: name -> settings, as configured
    versions    of the software that ran: name -> version
    figures     PNG files by the names of `captions.ORDER`; others are shown after those
    planes      PNG files of the complexity–entropy plane of single networks, by model
    sources     contract scores.tables.SOURCES: accounts of every source of scores
    zoo         results of the networks that the study trained; None where it has none. They are in
                `statistics` and `benchmarks`, and in no other table
    companions  tables of the companion experiments, by their names in `experiments.companions`
    """

    models: pd.DataFrame
    ledger: pd.DataFrame
    complexity: pd.DataFrame
    benchmarks: pd.DataFrame
    scores: pd.DataFrame
    statistics: pd.DataFrame
    verdict: pd.DataFrame
    noise: pd.DataFrame
    calibration: pd.DataFrame
    confound: pd.DataFrame
    quantised_order: pd.DataFrame
    settings: Settings
    variants: Mapping[str, Mapping[str, object]]
    versions: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Path] = field(default_factory=dict)
    planes: Mapping[str, Path] = field(default_factory=dict)
    zoo: ZooResults | None = None
    companions: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    sources: pd.DataFrame | None = None

    @property
    def selection(self) -> Selection:
        """The primary complexity, as figures select it."""
        primary = self.settings.primary
        return Selection(primary.measure, primary.variant, primary.view, primary.aggregate)
