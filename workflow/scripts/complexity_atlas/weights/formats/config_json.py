"""What the config.json of a model on the Hugging Face Hub tells about its tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from complexity_atlas.weights.entries import Entry, Weights
from complexity_atlas.weights.files import File
from complexity_atlas.weights.formats.shards import damaged, parse_json_object
from complexity_atlas.weights.fused import fused_layout

NAME = "config.json"

MAX_BYTES = 10_000_000

TIED_BY_DEFAULT = (
    *("bloom", "btlm", "cohere", "falcon", "gemma", "gemma2", "gpt2", "gpt_bigcode", "gpt_neo"),
    *("mamba", "mpt", "opt", "starcoder2", "xglm"),
)
"""Model types whose head is the embedding where `tie_word_embeddings` is left out."""


def find_config(files: Sequence[File]) -> tuple[list[File], Mapping | None]:
    """Take config.json out of a model's files, or find it beside them, and parse it.

    Returns the other files, and its content, None where there is none. Raises
    WeightsUnavailable("unreadable") where it is not a JSON object.
    """
    weights = [file for file in files if file.name != NAME]
    found = {str(config): config for file in files if (config := file.sibling(NAME))}
    if len(found) != 1:
        return weights, None
    (file,) = found.values()
    if file.size > MAX_BYTES:
        raise damaged(file, f"is larger than {MAX_BYTES} bytes")
    return weights, parse_json_object(file.read(0, file.size), file)


def with_config(weights: Weights, config: Mapping | None) -> Weights:
    """The ledger with what the config tells: fused matrices, and a head tied to the embedding.

    A tied head that is stored all the same is not counted: loading the model replaces it. Nor are
    integers of 8 bits with scales where no config says that they are codes of 8 bits: some pack
    two codes of 4 bits.
    """
    if weights.format == "onnx":  # a graph tells for itself
        return weights
    entries = weights.entries
    if _code_bits(config or {}) != 8:
        entries = [_without_unknown_width(entry) for entry in entries]
    if config is None:
        return replace(weights, entries=entries)
    entries = [
        replace(entry, fused=fused_layout(entry.name, entry.shape, config)) for entry in entries
    ]
    if _is_tied(config):
        embeddings = {e.shape: e.name for e in entries if e.role == "embedding" and not e.reason}
        entries = [_without_tied_head(entry, embeddings) for entry in entries]
    return replace(weights, entries=entries)


def _is_tied(config: Mapping) -> bool:
    tied = config.get("tie_word_embeddings")
    return tied if isinstance(tied, bool) else config.get("model_type") in TIED_BY_DEFAULT


def _without_tied_head(entry: Entry, embeddings: Mapping[tuple[int, ...], str]) -> Entry:
    if entry.role == "head" and not entry.reason and entry.shape in embeddings:
        return replace(entry, reason=f"tied to {embeddings[entry.shape]}")
    return entry


def _code_bits(config: Mapping) -> object:
    """Bits of a code as the config of ChatGLM, compressed-tensors, or another library has it."""
    quantisation = config.get("quantization_config")
    if not isinstance(quantisation, Mapping):
        return config.get("quantization_bit")
    if quantisation.get("load_in_8bit") is True:
        return 8
    groups = quantisation.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping) and "num_bits" in weights:
            return weights["num_bits"]
    return next((quantisation[k] for k in ("bits", "w_bit", "wbits") if k in quantisation), None)


def _without_unknown_width(entry: Entry) -> Entry:
    if entry.dtype == "int8_scaled" and not entry.reason:
        return replace(entry, reason="8-bit integers that no config.json says to be 8-bit codes")
    return entry
