"""Which device to compute on."""

import importlib.util
import os
import sys

from complexity_atlas.errors import AtlasError

_SIGNS_OF_CUDA = ("/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-gpu")


def resolve_device(device: str) -> str:
    """The device of torch that a setting means: "auto" is CUDA where there is one, else the CPU.

    Importing torch takes a second and 200 MB: that is done only where there may be a device.
    Raises AtlasError where a device was asked for by name and is not there.
    """
    if device == "cpu" or (device == "auto" and not _cuda_is_likely()):
        return "cpu"
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    backends = {"cuda": torch.cuda, "mps": torch.backends.mps}
    backend = backends.get(device.partition(":")[0])
    if backend is None:
        raise AtlasError(f"device {device!r} is none of auto, cpu, cuda, cuda:N and mps")
    if not backend.is_available():
        raise AtlasError(f"torch finds no device {device!r} here; set the device to auto or cpu")
    return device


def _cuda_is_likely() -> bool:
    here = sys.platform == "win32" or any(os.path.exists(sign) for sign in _SIGNS_OF_CUDA)
    return here and importlib.util.find_spec("torch") is not None
