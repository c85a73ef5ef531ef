"""Rule compute_complexity: what was measured of a few models to their complexities."""

import pandas as pd

from complexity_atlas import contracts, logs
from complexity_atlas.complexity.binning import parse_rules
from complexity_atlas.complexity.complexities import Method, complexities
from complexity_atlas.counts.saved import read_counts
from complexity_atlas.quantisation.complexities import quantised_complexities, read_codes
from complexity_atlas.spectra.complexities import spectral_complexities
from complexity_atlas.spectra.saved import read_spectra

logs.start_logging(snakemake.log[0])
models, files = snakemake.params.models, snakemake.input
method = Method(
    rules=parse_rules(snakemake.params.variants),
    null_draws=snakemake.params.null_draws,
    seed=snakemake.params.seed,
    parts=snakemake.params.parts,
)
quantised = []


def counted():
    """Models with their counts, each in memory while it is needed; their codes on the way."""
    for model, *paths, codes in zip(models, files.tensors, files.values, files.codes, strict=True):
        tensors = read_counts(*paths)
        by_block = read_codes(codes)
        quantised.append(quantised_complexities(model, tensors, by_block))
        yield model, tensors


spectra = (
    (model, read_spectra(ledger, path))
    for model, ledger, path in zip(models, files.tensors, files.spectra, strict=True)
)
of_values = complexities(counted(), method)
of_spectra = spectral_complexities(
    spectra, snakemake.params.spectral_draws, method.seed, method.parts
)
of_tensors, of_models = (pd.concat(pair) for pair in zip(of_values, of_spectra, strict=True))
contracts.write_table(of_tensors, snakemake.output.tensors, contracts.TENSOR_COMPLEXITY)
contracts.write_table(of_models, snakemake.output.models, contracts.MODEL_COMPLEXITY)
contracts.write_table(pd.concat(quantised), snakemake.output.quantised, contracts.QUANTISATION)
