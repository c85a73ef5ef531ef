"""The construction: its parts have the promised properties, and it computes what it should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.superposition import construction, search, verify


@given(st.integers(4, 120), st.data())
@settings(max_examples=25, deadline=None)
def test_two_lines_share_at_most_one_neuron(features, data):
    q = construction.side(features)
    assert q * q >= features
    channel = data.draw(st.integers(1, q))
    channels = construction.line_channels(features, channel)
    assert channels.shape == (features, channel * q)
    assert (channels.sum(axis=1) == channel).all()
    shared = (channels @ channels.T).toarray()
    assert shared[~np.eye(features, dtype=bool)].max() <= 1


def test_a_line_has_no_more_points_than_the_plane_is_wide():
    with pytest.raises(ValueError, match="from 1 to q = 17"):
        construction.line_channels(256, 18)


@given(st.integers(4, 200), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_pairs_are_different_and_no_input_is_in_too_many(features, seed):
    if features * (features - 1) // 2 < features:
        return
    pairs = construction.draw_pairs(features, np.random.default_rng(seed))
    assert pairs.shape == (features, 2)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len({tuple(pair) for pair in pairs.tolist()}) == features
    assert np.bincount(pairs.ravel()).max() <= construction.MOST_OUTPUTS


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_codes_are_read_by_their_pseudo_inverse(shape):
    rng = np.random.default_rng(1)
    codes = rng.choice([-1.0, 1.0], shape) / np.sqrt(shape[1])
    wanted = (rng.random(shape) < 0.2).astype(float)
    found = construction._inverted(codes, sparse.csr_array(wanted))
    np.testing.assert_allclose(found, codes @ np.linalg.pinv(codes) @ wanted, atol=1e-9)


def test_check_counts_what_a_look_at_every_output_counts():
    network = construction.build(64, 7, seed=0)
    active = verify.all_pairs(network)
    assert len(active) == 64 * 63 // 2
    outputs = network.outputs(active)
    wanted = np.array([[set(a) == set(p) for p in network.pairs.tolist()] for a in active.tolist()])
    wrong = ((outputs > network.threshold) != wanted).any(axis=1)
    found = verify.check(network, active)
    assert (found.n_inputs, found.n_errors) == (len(active), wrong.sum())
    assert 0 < found.n_errors < found.n_inputs
    assert found.least_true == pytest.approx(outputs[wanted].min(), abs=1e-6)
    assert found.greatest_false == pytest.approx(outputs[~wanted].max(), abs=1e-6)


def test_one_active_input_or_none_turns_nothing_on():
    network = construction.build(256, 16, seed=0)
    found = verify.check(network, verify.singles(network))
    assert (found.n_inputs, found.n_errors) == (257, 0)
    assert not network.outputs(np.array([[-1, -1]])).any()


def test_1024_ands_with_888_neurons_are_right_on_a_sample():
    network = construction.build(1024, 24, seed=0)
    assert (network.features, network.neurons) == (1024, 888)
    for active in (
        verify.true_pairs(network),
        verify.singles(network),
        verify.sampled_pairs(network, 3000, seed=1),
    ):
        assert verify.check(network, active).n_errors == 0
    pairs = verify.sampled_pairs(network, 3000, seed=1)
    assert (pairs[:, 0] != pairs[:, 1]).all()


@pytest.mark.slow
def test_1024_ands_with_888_neurons_are_right_on_every_input():
    table = search.exhaustive_table(1024, 24, seed=0)
    assert table.n_inputs.sum() == 524_801
    assert table.n_errors.sum() == 0
    assert table.least_true.min() > 0.7
    assert table.greatest_false.max() < 0.5


def test_the_smallest_channel_keeps_the_law_and_other_variants_fail():
    law = search.law_table((256,), pairs=1000, seed=0)
    assert 1.5 <= law.ratio.item() <= 2.6
    assert law.fitted.item() == pytest.approx(law.neurons.item(), abs=0.01)
    errors = search.and_table([(256, law.channel.item())], pairs=1000, seed=0)
    by_variant = errors.groupby("variant")[["n_errors", "n_inputs"]].sum()
    assert by_variant.n_errors["lines"] == 0
    share = by_variant.n_errors / by_variant.n_inputs
    assert 0.02 < share["random_channels"] < share["naive"]


def test_too_few_features_are_refused_with_the_key():
    with pytest.raises(AtlasError, match=r"superposition\.features"):
        search.smallest_channel(16, pairs=100, seed=0)


def test_equal_seeds_make_equal_networks():
    one, two = (construction.build(256, 15, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.response, two.response)
    other = construction.build(256, 15, seed=4)
    assert not np.array_equal(one.pairs, other.pairs)
