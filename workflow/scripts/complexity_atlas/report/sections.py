"""The sections of the page: which sentences, pictures and tables stand in which order."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from complexity_atlas.errors import AtlasError
from complexity_atlas.figures.style import COLUMN_INCHES, DPI
from complexity_atlas.report import (
    answers,
    captions,
    companions,
    evidence,
    rivals,
    tables,
    zoo,
)
from complexity_atlas.report.cells import Table
from complexity_atlas.report.inputs import ReportInputs

MOST_PLANES = 24
"""Planes of single networks on the page: some megabytes; the others stay in their files."""


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: `source` is a data URI, sizes are in pixels."""

    id: str
    title: str
    caption: str
    source: str
    width: int
    height: int

    @property
    def narrow(self) -> bool:
        """Whether it was drawn for a column, not for the width of a page."""
        return self.width <= COLUMN_INCHES * DPI


@dataclass(frozen=True)
class Section:
    """A part of the page: sentences, pictures, tables, in this order; left out when it is empty.

    `short` is its name in the list of contents.
    """

    id: str
    short: str
    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    small_pictures: bool = False

    def __bool__(self) -> bool:
        return bool(self.sentences or self.pictures or self.tables)


def sections(inputs: ReportInputs) -> list[Section]:
    """The parts of the page in order, without the empty ones.

    Raises AtlasError when a picture is missing or damaged.
    """
    pictures = _pictures(inputs)
    found = [
        _association(inputs, pictures.pop_all("score_vs_complexity", "forest", "power")),
        _unseen_families(inputs, pictures.pop_all("leave_family_out")),
        _guidance(inputs, pictures.pop_all("matched_pairs")),
        _relation(inputs),
        _noise(inputs, pictures.pop_all("calibration", "confound")),
        *_zoo(inputs, pictures.pop_all("zoo_training", "zoo_plane", "zoo_controls")),
        _complexity(inputs, pictures.pop_all("plane", "depth_profile")),
        _binning(inputs, pictures.pop_all("sensitivity")),
        _spectra(inputs),
        _quantisation(inputs, pictures.pop_all("quantisation")),
        _companions(inputs, pictures.pop_all(*companions.FIGURES)),
        _scores(inputs, pictures.pop_all("score_sources", "score_coverage")),
        Section("further", "Further", "Further figures", pictures=pictures.pop_all()),
        _tensors(inputs),
        _counted(inputs),
        Section(
            "provenance",
            "Provenance",
            "Provenance",
            tables=(tables.provenance_table(inputs.models),),
        ),
    ]
    return [section for section in found if section]


def _association(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    benchmarks, settings = inputs.benchmarks, inputs.settings
    return Section(
        "association",
        "Scores",
        "Score against complexity",
        (
            *answers.effect_sentences(inputs.statistics, benchmarks, settings),
            *evidence.score_sentences(inputs.scores, benchmarks),
        ),
        pictures,
        _filled(
            tables.verdict_table(inputs.verdict, benchmarks, settings.confidence),
            tables.scores_table(inputs.scores, benchmarks, inputs.models, settings.confidence),
            tables.statistics_table(
                inputs.statistics, benchmarks, settings.primary, settings.confidence
            ),
            _answers(inputs, "others", "The same, asked in other ways", *_OTHER_QUESTIONS),
            tables.untested_table(inputs.statistics, benchmarks),
        ),
    )


_OTHER_QUESTIONS = ("mixed_model", "trajectories", "ceilings", "targets")
"""Questions without a section of their own."""


def _unseen_families(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "families",
        "Unseen families",
        "Does complexity help to predict a family that was never seen?",
        tuple(
            answers.unseen_family_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)
        ),
        pictures,
        _filled(_answers(inputs, "unseen", "Prediction of unseen families", "leave_family_out")),
    )


def _guidance(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "guidance",
        "Picking",
        "Picking the better of two models of about the same size",
        tuple(answers.guidance_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)),
        pictures,
        _filled(_answers(inputs, "picks", "Pairs and picks", "matched_pairs", "guidance")),
    )


def _relation(inputs: ReportInputs) -> Section:
    return Section(
        "relation",
        "Relation",
        "Which mathematical relation, if any?",
        tuple(answers.relation_sentences(inputs.statistics, inputs.benchmarks, inputs.settings)),
        (),
        _filled(_answers(inputs, "forms", "Forms of the relation", "relation")),
    )


def _noise(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    settings = inputs.settings
    return Section(
        "noise",
        "Noise",
        "What noise looks like here",
        (
            *evidence.noise_sentences(inputs.noise, settings),
            *evidence.calibration_sentences(inputs.calibration, settings),
            *evidence.confound_sentences(inputs.confound),
        ),
        pictures,
        _filled(tables.noise_table(inputs.noise, settings.confidence)),
    )


def _answers(inputs: ReportInputs, id: str, caption: str, *questions: str) -> Table:
    primary, confidence = inputs.settings.primary, inputs.settings.confidence
    named = f"{caption}: {inputs.selection.label}, {primary.view} weights, {primary.aggregate}"
    return tables.answers_table(
        inputs.statistics, inputs.benchmarks, primary, confidence, questions, id, named
    )


def _filled(*found: Table) -> tuple[Table, ...]:
    return tuple(table for table in found if table.rows)


def _zoo(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> list[Section]:
    if inputs.zoo is None:
        return []
    return [
        Section(
            "zoo",
            "Zoo",
            "A zoo with a known history",
            tuple(zoo.sentences(inputs.zoo, inputs.selection, inputs.settings)),
            pictures,
            (
                zoo.questions_table(inputs.zoo, inputs.benchmarks, inputs.settings),
                zoo.controls_table(inputs.zoo, inputs.selection),
                zoo.comparison_table(inputs.zoo.comparison),
            ),
        )
    ]


def _complexity(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    table = tables.complexity_table(
        inputs.models, inputs.ledger, inputs.complexity, inputs.selection
    )
    return Section("complexity", "Networks", "Complexity of the networks", (), pictures, (table,))


def _binning(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    variants = list(inputs.variants)
    sentences = tuple(evidence.ranking_sentences(inputs.complexity, inputs.selection, variants))
    table = tables.ranking_table(inputs.models, inputs.complexity, inputs.selection, variants)
    return Section("binning", "Binnings", "What the binning decides", sentences, pictures, (table,))


def _companions(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "companions",
        "Companions",
        "Companion experiments",
        tuple(companions.paragraphs(inputs.companions)),
        pictures,
    )


def _scores(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    found = inputs.sources if inputs.sources is not None else pd.DataFrame()
    return Section(
        "sources",
        "Sources",
        "Where the scores come from",
        tuple(evidence.source_sentences(found)),
        pictures,
        _filled(tables.sources_table(found)) if len(found) else (),
    )


def _spectra(inputs: ReportInputs) -> Section:
    table = rivals.spectra_table(inputs.models, inputs.complexity, inputs.selection)
    sentences = tuple(rivals.spectra_sentences(table))
    return Section("spectra", "Spectra", "Spectra: the rivals", sentences, (), _filled(table))


def _quantisation(inputs: ReportInputs, pictures: tuple[Picture, ...]) -> Section:
    return Section(
        "quantisation",
        "Quantised",
        "What quantisation leaves of the complexity",
        tuple(rivals.quantisation_sentences(inputs.quantised_order)),
        pictures,
        _filled(rivals.order_table(inputs.quantised_order)),
    )


def _tensors(inputs: ReportInputs) -> Section:
    shown = dict(list(inputs.planes.items())[:MOST_PLANES])
    return Section(
        "tensors",
        "Tensors",
        "The networks, tensor by tensor",
        tuple(evidence.planes_sentences(len(shown), len(inputs.planes))),
        tuple(
            _picture(f"plane-{model}", *captions.of_network(inputs.models, model), path)
            for model, path in shown.items()
        ),
        small_pictures=True,
    )


def _counted(inputs: ReportInputs) -> Section:
    return Section(
        "counted",
        "Counted",
        "What was counted, and what was left out",
        tuple(evidence.counted_sentences(inputs.models, inputs.ledger)),
        tables=_filled(
            tables.failures_table(inputs.models),
            tables.left_out_table(inputs.ledger),
            tables.remarks_table(inputs.models),
        ),
    )


class _Pictures(dict):
    """Pictures that have not been placed yet, by name."""

    def pop_all(self, *names: str) -> tuple[Picture, ...]:
        """Take the named pictures that exist, in this order; without names all that are left."""
        return tuple(self.pop(name) for name in names or list(self) if name in self)


def _pictures(inputs: ReportInputs) -> _Pictures:
    return _Pictures(
        {
            name: _picture(name, *captions.of_figure(name, inputs.selection, inputs.settings), path)
            for name, path in inputs.figures.items()
        }
    )


def _picture(name: str, title: str, caption: str, path: Path) -> Picture:
    try:
        data = Path(path).read_bytes()
        with Image.open(path, formats=("PNG",)) as image:
            width, height = image.size
    except OSError as error:
        raise AtlasError(f"{path}: not a readable PNG figure ({error}); draw it again") from error
    source = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    return Picture(f"figure-{name}", title, caption, source, width, height)
