"""Complexity: every binning and measure from saved counts and singular values, with nulls.

Needs: results/models/<model>/, and neither weights nor a network.
Makes: results/complexity/tensors.parquet, models.parquet and quantisation.parquet, each with a CSV
twin.
"""


rule compute_complexity:
    input:
        tensors=tables_of_batch("tensors.parquet"),
        values=tables_of_batch("values.parquet"),
        spectra=tables_of_batch("spectra.parquet"),
        codes=tables_of_batch("codes.parquet"),
    output:
        tensors="results/complexity/by_batch/{batch}.tensors.parquet",
        models="results/complexity/by_batch/{batch}.models.parquet",
        quantised="results/complexity/by_batch/{batch}.quantised.parquet",
    log:
        "<logs>/compute_complexity/{batch}.log",
    benchmark:
        "<benchmarks>/compute_complexity/{batch}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        models=models_of_batch,
        variants=config["complexity"]["variants"],
        null_draws=config["complexity"]["null_draws"],
        spectral_draws=config["spectra"]["null_draws"],
        seed=config["seed"],
        parts=has_parts,
        code=code_digest(
            "complexity",
            "counts/formats",
            "counts/key_counts",
            "counts/value_counts",
            "counts/saved",
            "quantisation",
            "spectra",
        ),
    script:
        "../scripts/compute_complexity.py"


rule collect_complexity:
    input:
        tensors=expand(
            "results/complexity/by_batch/{batch}.tensors.parquet", batch=BATCHES
        ),
        models=expand(
            "results/complexity/by_batch/{batch}.models.parquet", batch=BATCHES
        ),
    output:
        tensors="results/complexity/tensors.parquet",
        tensors_csv="results/complexity/tensors.csv.gz",
        models="results/complexity/models.parquet",
        models_csv="results/complexity/models.csv.gz",
    log:
        "<logs>/collect_complexity.log",
    conda:
        "../../envs/analysis.yaml"
    script:
        "../scripts/collect_complexity.py"


rule compare_quantised:
    input:
        quantised=expand(
            "results/complexity/by_batch/{batch}.quantised.parquet", batch=BATCHES
        ),
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
    output:
        quantised="results/complexity/quantisation.parquet",
        quantised_csv="results/complexity/quantisation.csv",
        order="results/complexity/quantised_order.csv",
    log:
        "<logs>/compare_quantised.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        code=code_digest("quantisation"),
    script:
        "../scripts/compare_quantised.py"
