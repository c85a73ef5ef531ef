import pytest
import torch

from complexity_atlas.experiments.zoo.controls import CONTROLS, reinitialised, shuffled
from complexity_atlas.experiments.zoo.networks import build


@pytest.fixture(params=["float32", "bfloat16"])
def weights(request):
    dtype = getattr(torch, request.param)
    network = build("transformer", 30_000, 44, 0)
    return {name: 3 * value.to(dtype) + 1 for name, value in network.state_dict().items()}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_is_a_network_of_the_same_form(weights, control):
    changed = CONTROLS[control](weights, 0)
    assert {name: (t.shape, t.dtype) for name, t in changed.items()} == {
        name: (t.shape, t.dtype) for name, t in weights.items()
    }
    assert not torch.equal(changed["lm_head.weight"], weights["lm_head.weight"])


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_depends_on_its_seed_alone(weights, control):
    first, same, other = (CONTROLS[control](weights, seed)["lm_head.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_shuffling_keeps_every_value_of_every_tensor(weights):
    changed = shuffled(weights, 0)
    for name, tensor in weights.items():
        assert torch.equal(changed[name].flatten().sort()[0], tensor.flatten().sort()[0])


def test_reinitialising_keeps_mean_and_deviation(weights):
    changed = reinitialised(weights, 0)
    for name, tensor in weights.items():
        before, after = tensor.double(), changed[name].double()
        deviation = before.std(correction=0)
        # Five standard errors of a mean and of a standard deviation, and rounding to bfloat16.
        margin = 5 * deviation / tensor.numel() ** 0.5 + 0.004 * before.abs().mean()
        assert abs(after.mean() - before.mean()) <= margin
        assert abs(after.std(correction=0) - deviation) <= margin


def test_a_constant_tensor_stays_as_it_is():
    weights = {"norm.weight": torch.ones(7)}
    assert all(
        torch.equal(change(weights, 0)["norm.weight"], torch.ones(7))
        for change in CONTROLS.values()
    )
