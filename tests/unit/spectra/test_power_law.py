import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complexity_atlas.spectra.power_law import fit_power_law


@pytest.mark.parametrize(
    "sample",
    [
        np.linalg.svd(np.random.default_rng(0).standard_normal((90, 60)), compute_uv=False) ** 2,
        np.random.default_rng(1).pareto(1.7, 150) + 1,
    ],
    ids=["gaussian", "pareto"],
)
def test_the_fit_is_that_of_the_package(sample):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import powerlaw

        expected = powerlaw.Fit(sample, verbose=False, parameter_ranges={"alpha": [1.0, 1e9]})
    found = fit_power_law(sample)
    assert found.xmin == pytest.approx(expected.xmin, rel=1e-12)
    assert found.alpha == pytest.approx(expected.alpha, rel=1e-9)
    assert found.distance == pytest.approx(expected.D, rel=1e-9)


def test_the_exponent_of_a_power_law_is_found():
    x = np.random.default_rng(0).uniform(size=3000) ** (-1 / 1.5)  # density exponent 2.5
    found = fit_power_law(x)
    assert found.alpha == pytest.approx(2.5, abs=4 * 1.5 / np.sqrt(found.n_tail))
    assert found.n_tail > 1000


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=30), st.floats(1e-3, 1e3))
def test_a_factor_changes_xmin_only(sample, factor):
    found, scaled = fit_power_law(np.array(sample)), fit_power_law(np.array(sample) * factor)
    if found is None or scaled is None or found.n_tail != scaled.n_tail:
        return  # one value, or a tie of two starts that rounding decides
    assert scaled.distance == pytest.approx(found.distance, rel=1e-6)
    assert scaled.xmin == pytest.approx(found.xmin * factor)


@pytest.mark.parametrize("sample", [[], [1.0], [2.0, 2.0, 2.0], [0.0, 1.0, 2.0]])
def test_nothing_to_fit_is_none(sample):
    assert fit_power_law(np.array(sample)) is None
