"""Cost against quality: known values, and what a random router must reach."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import ConvexHull

from complexity_atlas.experiments.routing.curves import (
    area,
    average_quality,
    calls_needed,
    hull,
    recovered_gap,
)


def test_a_random_router_recovers_half_the_gap():
    rng = np.random.default_rng(0)
    weak, strong = rng.random((2, 2000)) < np.array([[0.5], [0.8]])
    areas = [area(recovered_gap(weak * 1.0, strong * 1.0, rng.random(2000))) for _ in range(50)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.02)


def test_a_router_that_knows_recovers_the_gap_first():
    weak, strong = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 1, 1])
    pgr = recovered_gap(weak, strong, need=np.array([0, 1, 0, 1]))
    assert pgr.tolist() == [0, 0.5, 1, 1, 1]
    assert area(pgr) == pytest.approx(0.75)
    assert calls_needed(pgr, 0.5) == 0.25
    assert calls_needed(pgr, 0.8) == 0.5


def test_calls_needed_count_from_the_best_so_far():
    assert calls_needed(np.array([0, 0.6, 0.4, 1.2, 1]), 0.5) == 0.25
    assert calls_needed(np.array([0, 0.6, 0.4, 1.2, 1]), 1.0) == 0.75


def test_without_a_gap_there_is_nothing_to_recover():
    pgr = recovered_gap(np.array([1.0, 0]), np.array([0, 1.0]), np.array([1.0, 2]))
    assert np.isnan(area(pgr))
    assert np.isnan(calls_needed(pgr, 0.5))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0.4), (1, 0.8), (0.5, 0.5)], 0.6),
        ([(0, 0.4), (0.5, 0.75), (1, 0.8)], 0.675),
        # The dearest is not the best: beyond the best the quality stays.
        ([(0, 0.4), (0.5, 0.8), (1, 0.6)], 0.7),
        ([(0, 0.4), (0, 0.6), (2, 0.6)], 0.6),
        ([(1, 0.4), (1, 0.6)], np.nan),
    ],
)
def test_average_quality_of_known_points(points, expected):
    cost, quality = np.array(points).T
    assert average_quality(cost, quality) == pytest.approx(expected, nan_ok=True)


POINTS = arrays(float, (12, 2), elements=st.integers(0, 50).map(lambda n: n / 50))


@given(POINTS)
def test_the_hull_is_that_of_scipy_with_a_floor_and_a_level_end(points):
    cost, quality = points.T
    if np.ptp(cost) == 0:
        return
    x, y = hull(cost, quality)
    # The hull of the points, their feet, and the best quality carried on to the greatest cost.
    low, high = cost.min(), cost.max()
    corners = [[low, -1], [high, -1], [high, quality.max()]]
    volume = ConvexHull(np.vstack([points, corners])).volume
    assert np.trapezoid(y + 1, x) == pytest.approx(volume, abs=1e-9)
    assert (np.diff(y) >= 0).all()
    assert (quality <= np.interp(cost, x, y) + 1e-9).all()
