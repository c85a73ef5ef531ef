"""Weight files, opened without trusting them and without loading them into memory."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights.entries import Weights
from complexity_atlas.weights.files import File, LocalFile
from complexity_atlas.weights.formats.config_json import find_config, with_config

# Reader modules by the end of the file name. They are imported when a file asks for them, because
# onnx and torch are large.
READERS = {
    ".onnx": "onnx",
    ".gguf": "gguf",
    ".safetensors": "safetensors",
    ".safetensors.index.json": "safetensors",
    ".bin": "torch",
    ".pt": "torch",
    ".pth": "torch",
    ".ckpt": "torch",
    ".jit": "torch",
    ".bin.index.json": "torch",
}


def open_weights(files: Sequence[File | Path]) -> Weights:
    """List every tensor in a model's weight files.

    `files` are those of one model, or their paths: an ONNX file; safetensors files or their index;
    torch checkpoints or their index; GGUF files. A config.json among them, or beside them, tells
    which tensors hold several matrices and which are tied (see `config_json`). Tensor data are not
    read, save what folding batch normalisation needs (see `formats.onnx`), so memory does not grow
    with the size of other files.

    Raises
    ------
    WeightsUnavailable
        "unavailable" for a file that is not there, "unsupported" for a format that is not read,
        "unreadable" for damaged or inconsistent files. The message names the file and, where there
        is one, the tensor.
    """
    files = [LocalFile(file) if isinstance(file, Path) else file for file in files]
    files, config = find_config(files)
    if not files:
        raise WeightsUnavailable("empty", "no weight file was given")
    readers = {_reader(file) for file in files}
    if len(readers) > 1:
        names = ", ".join(sorted(file.name for file in files))
        raise WeightsUnavailable(
            "unsupported",
            f"the files are in several formats ({' and '.join(sorted(readers))}): {names}; "
            "give a location that matches the files of one format",
        )
    for file in files:
        if isinstance(file, LocalFile) and not file.path.is_file():
            raise WeightsUnavailable("unavailable", f"{file}: there is no such file")
    reader = import_module(f"complexity_atlas.weights.formats.{readers.pop()}")
    return with_config(reader.read(sorted(files, key=str)), config)


def _reader(file: File) -> str:
    for suffix in sorted(READERS, key=len, reverse=True):
        if file.name.endswith(suffix):
            return READERS[suffix]
    raise WeightsUnavailable(
        "unsupported",
        f"{file}: the format is not known from the file name; names end in {', '.join(READERS)}",
    )
