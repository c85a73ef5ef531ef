import pytest

from complexity_atlas import devices
from complexity_atlas.devices import resolve_device
from complexity_atlas.errors import AtlasError


@pytest.fixture
def cuda(monkeypatch):
    """Whether torch finds a CUDA device."""
    torch = pytest.importorskip("torch")

    def found(available: bool):
        monkeypatch.setattr(devices, "_cuda_is_likely", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: available)

    return found


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_cuda_where_there_is_one(cuda, available, device):
    cuda(available)
    assert resolve_device("auto") == device


def test_auto_is_the_cpu_without_a_sign_of_a_device(monkeypatch):
    monkeypatch.setattr(devices, "_SIGNS_OF_CUDA", ())
    monkeypatch.setattr(devices.sys, "platform", "linux")
    monkeypatch.setitem(devices.sys.modules, "torch", None)  # an import would fail
    assert resolve_device("auto") == "cpu"
    assert resolve_device("cpu") == "cpu"


def test_a_device_that_was_asked_for_must_be_there(cuda):
    cuda(True)
    assert resolve_device("cuda:1") == "cuda:1"
    cuda(False)
    with pytest.raises(AtlasError, match="torch finds no device 'cuda:1' here; set the device to"):
        resolve_device("cuda:1")
    with pytest.raises(AtlasError, match="'gpu' is none of auto, cpu, cuda"):
        resolve_device("gpu")
