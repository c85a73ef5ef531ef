"""Trained networks: they learn, and are judged like the constructed ones."""

import numpy as np

from complexity_atlas.experiments.superposition import trained, verify


def test_a_trained_network_computes_every_and_of_few_features():
    network = trained.train(features=32, neurons=24, steps=500, seed=0)
    assert network.inputs == 32
    assert verify.check(network, verify.all_pairs(network)).n_errors == 0
    assert verify.check(network, verify.singles(network)).n_errors == 0
    first, second = network.pairs[3]
    assert np.flatnonzero(network.outputs(np.array([[first, second]]))[0] > 0).tolist() == [3]


def test_equal_seeds_train_equal_networks():
    one, two = (trained.train(16, 6, 20, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.encoder, two.encoder)


def test_the_table_ends_at_the_first_network_without_an_error():
    table = trained.trained_table((32,), (3, 24, 28), 500, seed=0)
    assert table.neurons.tolist() == [3, 24]
    assert table.n_inputs.tolist() == [1 + 32 + 32 * 31 // 2] * 2
    assert table.n_errors.gt(0).tolist() == [True, False]
