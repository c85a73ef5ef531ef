"""Weight files, opened without trusting them and without loading them into memory."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights.entries import Weights

# Reader modules by the end of the file name. They are imported when a file asks for them, because
# onnx and torch are large.
READERS = {
    ".onnx": "onnx",
    ".safetensors": "safetensors",
    ".safetensors.index.json": "safetensors",
    ".bin": "torch",
    ".pt": "torch",
    ".pth": "torch",
    ".ckpt": "torch",
    ".jit": "torch",
    ".bin.index.json": "torch",
}


def open_weights(paths: Sequence[Path]) -> Weights:
    """List every tensor in a model's weight files.

    `paths` are the files of one model: an ONNX file; safetensors files or their index; torch
    checkpoints or their index. Tensor data are not read, save what folding batch normalisation
    needs (see `formats.onnx`), so memory does not grow with the size of safetensors files and of
    torch checkpoints.

    Raises
    ------
    WeightsUnavailable
        "unavailable" for a file that is not there, "unsupported" for a format that is not read,
        "unreadable" for damaged or inconsistent files. The message names the file and, where there
        is one, the tensor.
    """
    if not paths:
        raise WeightsUnavailable("empty", "no weight file was given")
    readers = {_reader(Path(path)) for path in paths}
    if len(readers) > 1:
        names = ", ".join(sorted(Path(path).name for path in paths))
        raise WeightsUnavailable(
            "unsupported",
            f"the files are in several formats ({' and '.join(sorted(readers))}): {names}; "
            "give a location that matches the files of one format",
        )
    for path in paths:
        if not Path(path).is_file():
            raise WeightsUnavailable("unavailable", f"{path}: there is no such file")
    reader = import_module(f"complexity_atlas.weights.formats.{readers.pop()}")
    return reader.read(sorted(Path(path) for path in paths))


def _reader(path: Path) -> str:
    for suffix in sorted(READERS, key=len, reverse=True):
        if path.name.endswith(suffix):
            return READERS[suffix]
    raise WeightsUnavailable(
        "unsupported",
        f"{path}: the format is not known from the file name; names end in {', '.join(READERS)}",
    )
