"""Weights: one job per model fetches them, counts their values and writes them down.

Needs: a row of config/models.tsv, and the network unless the file is in the cache.
Makes: results/models/<model>/, from which everything else follows.
"""


rule measure_weights:
    input:
        local_weights,
    output:
        tensors="results/models/{model}/tensors.parquet",
        values="results/models/{model}/values.parquet",
        record="results/models/{model}/model.json",
    log:
        "<logs>/measure_weights/{model}.log",
    benchmark:
        "<benchmarks>/measure_weights/{model}.tsv"
    conda:
        "../../envs/measure.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        disk_mb=model_download_mb,
        gpu=model_gpus,
        # Not a parameter: the counts do not depend on it, so nothing is measured again.
        device=config["device"],
    params:
        specs=own_specs,
        method=METHOD_VERSION,
        cache=weight_cache(),
    shell:
        "python -m complexity_atlas measure-models --specs {params.specs:q}"
        " --out results/models --cache {params.cache:q}"
        " --threads {threads} --device {resources.device} --gpus {resources.gpu} > {log} 2>&1"
