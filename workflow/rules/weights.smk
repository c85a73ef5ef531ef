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
    params:
        spec=model_spec,
        method=METHOD_VERSION,
        cache=weight_cache(),
    shell:
        "python -m complexity_atlas measure-model --spec {params.spec:q}"
        " --out results/models/{wildcards.model} --cache {params.cache:q}"
        " --threads {threads} --device {config[device]} > {log} 2>&1"


rule collect_models:
    input:
        models=project_file(config["models"]),
        records=expand("results/models/{model}/model.json", model=MODELS.model),
        ledgers=expand("results/models/{model}/tensors.parquet", model=MODELS.model),
    output:
        models="results/models.parquet",
        models_csv="results/models.csv",
        ledger="results/ledger.parquet",
        ledger_csv="results/ledger.csv",
    log:
        "<logs>/collect_models.log",
    conda:
        "../../envs/analysis.yaml"
    script:
        "../scripts/collect_models.py"
