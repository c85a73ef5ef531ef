"""The counting bound: known numbers, and the definition of the largest number of features."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complexity_atlas.experiments.superposition import bound


def test_bits_of_permutations_and_ands_are_the_known_ones():
    assert bound.permutation_bits(10) == pytest.approx(21.791061, abs=5e-7)
    assert bound.permutation_bits(10) == pytest.approx(math.log2(math.factorial(10)), rel=1e-12)
    assert bound.and_bits(1024) == pytest.approx(19_454.557, abs=5e-4)
    assert bound.and_bits(7, inputs=1024) == pytest.approx(7 * math.log2(math.comb(1024, 2)))


@pytest.mark.parametrize(("parameters", "features"), [(70e6, 3.31e6), (1.41e9, 5.59e7)])
def test_largest_number_of_ands_of_two_bit_weights(parameters, features):
    assert bound.largest_features(2 * parameters, "and") == pytest.approx(features, rel=1e-3)


@given(
    st.lists(st.integers(1, 10**15), min_size=1, max_size=4),
    st.sampled_from(["permutation", "and"]),
)
def test_the_largest_number_fits_and_one_more_does_not(bits, task):
    bits = np.array(bits, float)
    found = bound.largest_features(bits, task)
    needed = bound.TASKS[task]
    assert (needed(found) <= bits).all()
    assert (needed(found + 1) > bits).all()


def test_cost_is_enough_bits_in_a_square_layer():
    table = bound.cost_table((256, 1024), (1, 16))
    assert len(table) == 2 * 2 * 2
    assert (table.parameters * table.bits >= table.bits_needed).all()
    assert ((table.parameters - 1) * table.bits < table.bits_needed).all()
    assert (table.neurons**2 >= table.parameters).all()
    assert ((table.neurons - 1) ** 2 < table.parameters).all()
