from math import log

import pytest
import torch
from torch.nn import functional

from complexity_atlas.experiments.zoo.networks import build, parameter_count
from complexity_atlas.experiments.zoo.settings import FAMILIES, ZooSettings
from complexity_atlas.weights.roles import role_of

SYMBOLS = 44


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def tokens(batch=4, time=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(SYMBOLS, (batch, time), generator=generator)


@pytest.mark.parametrize("size", ZooSettings().sizes)
def test_size_is_met_within_three_per_cent(family, size):
    assert parameter_count(build(family, size, SYMBOLS, 0)) == pytest.approx(size, rel=0.03)


@pytest.mark.parametrize("size", ZooSettings().sizes)
def test_the_first_prediction_is_nearly_uniform(family, size):
    text = tokens(8, 64)
    with torch.no_grad():
        logits, _ = build(family, size, SYMBOLS, 0)(text[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten()).item()
    assert loss == pytest.approx(log(SYMBOLS), rel=0.05)


def test_same_seed_same_weights_other_seed_other_weights(family):
    first, same, other = (build(family, 5000, SYMBOLS, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_building_leaves_the_global_random_state_alone(family):
    before = torch.get_rng_state()
    build(family, 5000, SYMBOLS, 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("cut", [1, 7, 19])
@torch.no_grad()
def test_reading_in_pieces_is_reading_at_once(family, cut):
    network, text = build(family, 5000, SYMBOLS, 0), tokens()
    at_once, _ = network(text)
    first, state = network(text[:, :cut])
    second, _ = network(text[:, cut:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), at_once, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_no_character_sees_what_follows(family):
    network, text = build(family, 5000, SYMBOLS, 0), tokens()
    changed = text.clone()
    changed[:, 10] = (changed[:, 10] + 1) % SYMBOLS
    before, after = network(text)[0], network(changed)[0]
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.equal(before[:, 10:], after[:, 10:])


def test_every_tensor_has_a_role(family):
    weights = build(family, 5000, SYMBOLS, 0).state_dict()
    roles = {name: role_of(name, tuple(value.shape)) for name, value in weights.items()}
    assert "other" not in roles.values()
    expected = {
        "transformer": {"attention_q", "attention_k", "attention_v", "attention_o", "mlp", "norm"},
        "lstm": {"recurrent", "bias"},
        "mlp": {"mlp", "bias"},
    }[family]
    assert expected | {"embedding", "head"} <= set(roles.values())
