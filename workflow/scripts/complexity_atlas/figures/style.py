"""The look that every figure shares: sizes, fonts, colours, labels, and how a figure is written.

Figures are built on `matplotlib.figure.Figure` without pyplot: no global state, no window, and the
same bytes for the same tables.
"""

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from complexity_atlas.contracts import replacing

COLUMN_INCHES = 3.5
PAGE_INCHES = 7.0
DPI = 200

BLACK = "#000000"
INK = "#262626"
GREY = "#767676"
FAINT = "#c8c8c8"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
ORANGE = "#e69f00"
SKY = "#56b4e9"
BROWN = "#8c5a2b"

# Okabe and Ito (2008) without its yellow, which vanishes on white paper.
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BROWN, BLACK, GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")

_RC = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "text.color": INK,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.width": 0.8,
    "ytick.minor.width": 0.8,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "grid.color": "#ececec",
    "grid.linewidth": 0.5,
    "legend.fontsize": 7,
    "legend.title_fontsize": 9.6,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "white",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
    # Names come from tables: a dollar sign in one is a dollar sign.
    "text.parse_math": False,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Glyph:
    """Colour and marker of one category: never colour alone, so that grey print still tells."""

    colour: str
    marker: str


def glyphs(categories: Sequence[str]) -> dict[str, Glyph]:
    """Give every category its glyph by order of first appearance; colours return after nine."""
    return {name: glyph(i) for i, name in enumerate(dict.fromkeys(categories))}


def glyph(i: int) -> Glyph:
    """The glyph of category number i; when colours return, markers are shifted against them."""
    return Glyph(CYCLE[i % len(CYCLE)], MARKERS[(i + i // len(CYCLE)) % len(MARKERS)])


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Run `draw` under the shared settings, whatever the caller's matplotlib is set to."""

    @wraps(draw)
    def wrapped(*args, **kwargs) -> Figure:
        with _settings():
            return draw(*args, **kwargs)

    return wrapped


@contextmanager
def _settings() -> Iterator[None]:
    with mpl.rc_context(_RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` × `height` inches with a canvas that can measure text."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@styled
def message(text: str, width: float = COLUMN_INCHES) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = new_figure(width, 1.2)
    figure.text(0.5, 0.5, textwrap.fill(text, 52), ha="center", va="center", color=GREY, fontsize=8)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` (.png, 200 dpi) and to a PDF of the same stem, both atomically.

    Dates and program names are left out of the files, so equal figures are equal bytes.
    """
    path = Path(path)
    with _settings():
        # Once laid out, a figure stays as it is, so that both files agree and labels stay in place.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        with replacing(path.with_suffix(".pdf")) as temporary:
            figure.savefig(
                temporary,
                format="pdf",
                metadata={"CreationDate": None, "Creator": None, "Producer": None},
            )
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def superscript(number: float | str) -> str:
    """`number` as raised characters, to be read as an exponent: −0.267 gives ⁻⁰·²⁶⁷."""
    return str(number).translate(str.maketrans("+-−0123456789.", "⁺⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹·"))


def power_of_ten(value: float, _=None) -> str:
    """Tick label of a logarithmic axis over many decades, as FuncFormatter calls it."""
    return f"10{superscript(round(math.log10(value)))}"


def size_areas(n: np.ndarray, smallest: float = 4.0, largest: float = 60.0) -> np.ndarray:
    """Return marker areas (points²) that grow with the logarithm of the number of weights `n`.

    One weight has the smallest area and 10^7 or more the largest, so that areas compare between
    figures.
    """
    decades = np.clip(np.log10(np.maximum(np.asarray(n, float), 1.0)) / 7.0, 0.0, 1.0)
    return smallest + (largest - smallest) * decades**2


def padded(values: np.ndarray, share: float = 0.06) -> tuple[float, float]:
    """Return the limits of the finite `values`, wider by `share` of their range on both sides."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    pad = max((high - low) * share, abs(high) * 1e-3, 1e-12)
    return low - pad, high + pad


WIDE_RANGE = 3.0
"""Largest over smallest value beyond which an axis is logarithmic."""


def fit_scale(axis: Axis, values: np.ndarray, share: float = 0.06) -> None:
    """Fit scale, limits and ticks of `axis` to the finite `values`.

    The scale is logarithmic where all values are positive and range over more than WIDE_RANGE, so
    that a few large values do not press the others together.
    """
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    logarithmic = finite.size and finite.min() > 0 and finite.max() > WIDE_RANGE * finite.min()
    limits = np.exp(padded(np.log(finite), share)) if logarithmic else padded(finite, share)
    set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
    set_limits = axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim
    if logarithmic:
        set_scale("log")
        few_decades = finite.max() < 30 * finite.min()
        axis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7) if few_decades else (1,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(MaxNLocator(5))
    set_limits(*limits)
