"""Weights: one job per model fetches them, counts their values and takes their singular values.

Needs: a row of config/models.tsv, and the network unless the file is in the cache.
Makes: results/models/<model>/, from which everything else follows. The target `prefetch` fills the
caches and measures nothing, for machines whose jobs have no network; no rule asks for it.
"""

# Further attempts at what the network's own patience does not outlast.
RETRIES = 2


rule measure_weights:
    input:
        local_weights,
    output:
        tensors="results/models/{model}/tensors.parquet",
        values="results/models/{model}/values.parquet",
        spectra="results/models/{model}/spectra.parquet",
        codes="results/models/{model}/codes.parquet",
        record="results/models/{model}/model.json",
    log:
        "<logs>/measure_weights/{model}.log",
    benchmark:
        "<benchmarks>/measure_weights/{model}.tsv"
    retries: RETRIES
    conda:
        "../../envs/measure.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        disk_mb=model_download_mb,
        gpu=model_gpus,
        # Not parameters: counts do not depend on them, and spectra by their rounding only, so nothing
        # is measured again.
        device=config["device"],
        weights=config["weights"],
        keep=int(config["keep"]),
        retries_left=lambda wildcards, attempt: RETRIES + 1 - attempt,
    params:
        specs=own_specs,
        spectra_up_to=spectra_up_to,
        method=METHOD_VERSION,
        cache=weight_cache(),
    shell:
        "python -m complexity_atlas measure-models --specs {params.specs:q}"
        " --out results/models --cache {params.cache:q}"
        " --weights {resources.weights} --keep {resources.keep}"
        " --spectra-up-to {params.spectra_up_to} --retries-left {resources.retries_left}"
        " --threads {threads} --device {resources.device} --gpus {resources.gpu} > {log} 2>&1"


rule prefetch_weights:
    output:
        temp(touch("results/prefetched/{model}")),
    log:
        "<logs>/prefetch_weights/{model}.log",
    retries: RETRIES
    conda:
        "../../envs/measure.yaml"
    resources:
        runtime=lambda wildcards, attempt: 120 * attempt,
        disk_mb=model_download_mb,
    params:
        specs=own_specs,
        cache=weight_cache(),
    shell:
        "python -m complexity_atlas prefetch --specs {params.specs:q}"
        " --cache {params.cache:q} > {log} 2>&1"


rule prefetch:
    input:
        expand("results/prefetched/{model}", model=PUBLISHED.model),
