"""Direct labels: names beside points and at the ends of lines, without covering one another.

Both functions measure the drawn figure, so they are called last: limits and layout must not change
afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

MOST_NAMES = 20
"""Points of one panel that are named; a crowd is not."""

_DISTANCES = (4.5, 6.0, 9.0, 13.0, 18.0, 25.0, 34.0, 46.0)
_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_LEADER_FROM = 8.0
_MARKER_RADIUS = 5.0
"""Points (1/72 inch): how far labels may stand, from where a leader is drawn, room of a marker."""

_PASSES = 3


@dataclass(frozen=True)
class _Places:
    """Where one label may stand, in pixels.

    box      float64[k, 4], left, bottom, right, top
    foot     float64[k, 2], where its leader ends
    effort   float64[k], how far it is from its point, in points
    """

    box: NDArray[np.float64]
    foot: NDArray[np.float64]
    effort: NDArray[np.float64]


def label_points(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    labels: Sequence[str],
    colours: Sequence[str],
    obstacles: Sequence[tuple[float, float]] = (),
    size: float = 6.5,
) -> None:
    """Write each label beside its point, where it covers no other label, point or obstacle.

    `obstacles` are further points, in data units. Labels start at their best places and are moved
    in turn, in the given order, until each has the least cost given the others: overlap, leaving
    the axes, being mistaken for a neighbour's, distance. Far labels get a thin leader.
    """
    anchors = np.array([*zip(x, y, strict=True)], float).reshape(-1, 2)
    if not len(anchors):
        return
    figure = axes.figure
    figure.draw_without_rendering()
    pixels = figure.dpi / 72
    points = axes.transData.transform(anchors)
    others = axes.transData.transform(np.array(obstacles, float).reshape(-1, 2))
    markers = _boxes(np.concatenate([points, others]), _MARKER_RADIUS * pixels)
    inside = np.array(axes.get_window_extent().extents)
    extents = [_text_extent(axes, label, size) for label in labels]
    places = [_places(p, e, pixels) for p, e in zip(points, extents, strict=True)]
    chosen = _arrange(points, places, markers, inside)
    for i, (label, colour) in enumerate(zip(labels, colours, strict=True)):
        at = places[i]
        centre = (at.box[chosen[i], :2] + at.box[chosen[i], 2:]) / 2
        _write(axes, anchors[i], (centre - points[i]) / pixels, label, colour, size)
        if at.effort[chosen[i]] >= _LEADER_FROM:
            _lead(axes, anchors[i], (at.foot[chosen[i]] - points[i]) / pixels, colour)


def label_line_ends(
    axes: Axes, ends: Sequence[tuple[float, float, str, str]], size: float = 6.5
) -> None:
    """Name lines at their right ends (x, y, label, colour), pushed apart where they would meet.

    The labels stand to the right of the axes, and the layout makes room for them.
    """
    figure = axes.figure
    figure.draw_without_rendering()
    order = sorted(ends, key=lambda end: end[1])
    wanted = axes.transData.transform([(x, y) for x, y, _, _ in order])[:, 1] * 72 / figure.dpi
    placed = spread(wanted, size * 1.25)
    for (x, y, label, colour), up in zip(order, placed - wanted, strict=True):
        axes.annotate(
            label,
            (x, y),
            xytext=(12, up),
            textcoords="offset points",
            va="center",
            fontsize=size,
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": colour, "shrinkB": 3},
        )


def spread(positions: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move ascending positions apart to at least `gap`, each crowd about its own mean."""
    crowds: list[list[float]] = []
    for position in positions:
        crowds.append([float(position)])
        while len(crowds) > 1 and _span(crowds[-2], gap)[1] + gap > _span(crowds[-1], gap)[0]:
            last = crowds.pop()
            crowds[-1] += last
    return np.concatenate([_span(crowd, gap)[0] + gap * np.arange(len(crowd)) for crowd in crowds])


def _span(crowd: list[float], gap: float) -> tuple[float, float]:
    middle, half = float(np.mean(crowd)), gap * (len(crowd) - 1) / 2
    return middle - half, middle + half


def _text_extent(axes: Axes, label: str, size: float) -> tuple[float, float]:
    probe = axes.text(0, 0, label, fontsize=size, transform=None)
    box = probe.get_window_extent()
    probe.remove()
    return box.width, box.height


def _places(point: NDArray, extent: tuple[float, float], pixels: float) -> _Places:
    width, height = extent
    effort, angle = (grid.ravel() for grid in np.meshgrid(_DISTANCES, _ANGLES, indexing="ij"))
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    foot = point + direction * effort[:, None] * pixels
    # The side or corner of the text that faces the point touches the foot.
    side = np.where(np.abs(direction) < 0.35, 0.0, np.sign(direction))
    centre = foot + side * np.array([width, height]) / 2
    half = np.array([width, height]) / 2
    return _Places(np.concatenate([centre - half, centre + half], axis=1), foot, effort)


def _arrange(
    points: NDArray, places: Sequence[_Places], markers: NDArray, inside: NDArray
) -> list[int]:
    """Number of the chosen place of every label: descent, one label at a time."""
    fixed = []
    for i, (point, at) in enumerate(zip(points, places, strict=True)):
        others = np.delete(markers, i, axis=0)
        fixed.append(
            at.effort / 100
            + 20 * _outside(at.box, inside)
            + _covered(at.box, others)
            + 0.5 * _crossed(point, at, others)
            + 0.5 * _nearer(point, at.box, np.delete(points, i, axis=0))
        )
    chosen = [int(np.argmin(cost)) for cost in fixed]
    for _ in range(_PASSES):
        for i, (point, at) in enumerate(zip(points, places, strict=True)):
            set_boxes = [places[j].box[chosen[j]] for j in range(len(places)) if j != i]
            others = np.array(set_boxes).reshape(-1, 4)
            cost = fixed[i] + 2 * _covered(at.box, others) + 0.5 * _crossed(point, at, others)
            chosen[i] = int(np.argmin(cost))
    return chosen


def _boxes(points: NDArray, radius: float) -> NDArray:
    return np.concatenate([points - radius, points + radius], axis=1)


def _covered(boxes: NDArray, others: NDArray) -> NDArray:
    """Overlap of each box [k, 4] with all others [m, 4], each in shares of the smaller box."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=-1)
    return (common / np.minimum(_area(boxes)[:, None], _area(others))).sum(axis=1)


def _area(boxes: NDArray) -> NDArray:
    return (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)


def _outside(boxes: NDArray, inside: NDArray) -> NDArray:
    return 1 - _covered(boxes, inside[None, :])


def _crossed(point: NDArray, places: _Places, others: NDArray) -> NDArray:
    """How many of the boxes [m, 4] the way from the point to each place runs through."""
    share = np.linspace(0, 1, 12)[None, :, None]
    along = point + share * (places.foot[:, None, :] - point)
    within = (along[:, :, None, :] >= others[:, :2]) & (along[:, :, None, :] <= others[:, 2:])
    return within.all(axis=-1).any(axis=1).sum(axis=1)


def _nearer(point: NDArray, boxes: NDArray, others: NDArray) -> NDArray:
    """Whether each box [k, 4] stands as near to one of the other points [m, 2] as to its own."""
    near = _gap(boxes, others).min(axis=1) if len(others) else np.full(len(boxes), np.inf)
    return near <= _gap(boxes, point[None, :])[:, 0]


def _gap(boxes: NDArray, points: NDArray) -> NDArray:
    """Distance [k, m] from each box to each point; 0 inside."""
    beyond = np.maximum(boxes[:, None, :2] - points, points - boxes[:, None, 2:])
    return np.hypot(*np.moveaxis(np.clip(beyond, 0, None), -1, 0))


def _write(axes: Axes, anchor, offset, label: str, colour: str, size: float) -> None:
    note = axes.annotate(
        label,
        anchor,
        xytext=offset,
        textcoords="offset points",
        fontsize=size,
        color=colour,
        ha="center",
        va="center",
        annotation_clip=False,
    )
    note.set_in_layout(False)


def _lead(axes: Axes, anchor, offset, colour: str) -> None:
    line = axes.annotate(
        "",
        anchor,
        xytext=offset,
        textcoords="offset points",
        annotation_clip=False,
        arrowprops={
            "arrowstyle": "-",
            "linewidth": 0.5,
            "color": colour,
            "alpha": 0.7,
            "shrinkA": 0,
            "shrinkB": 2,
        },
    )
    line.set_in_layout(False)
