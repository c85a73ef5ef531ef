"""Statistics: is complexity related to the scores, and how sure can one be?

Needs: complexities of whole models, the score table, the table of measured models.
Makes: results/statistics/, one table per question, all of one schema; the verdict; and the same
questions put to models that know nothing.
"""


rule join_analysis:
    input:
        scores="results/scores/view.parquet",
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
        epiplexity=if_zoo("results/zoo/epiplexity.csv"),
    output:
        "results/statistics/analysis.parquet",
    log:
        "<logs>/join_analysis.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("statistics/analysis"),
    script:
        "../scripts/join_analysis.py"


rule answer_question:
    input:
        "results/statistics/analysis.parquet",
    output:
        "results/statistics/unadjusted/{question}.csv",
    log:
        "<logs>/answer_question/{question}.log",
    benchmark:
        "<benchmarks>/answer_question/{question}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        focused=is_focused,
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("statistics"),
    script:
        "../scripts/answer_question.py"


rule adjust_statistics:
    input:
        expand("results/statistics/unadjusted/{question}.csv", question=QUESTIONS),
    output:
        expand("results/statistics/{table}.csv", table=STATISTICS_TABLES),
    log:
        "<logs>/adjust_statistics.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        tables=STATISTICS_TABLES,
        code=code_digest("statistics"),
    script:
        "../scripts/adjust_statistics.py"


rule reach_verdict:
    input:
        expand("results/statistics/{table}.csv", table=STATISTICS_TABLES),
    output:
        "results/statistics/verdict.csv",
    log:
        "<logs>/reach_verdict.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("statistics"),
    script:
        "../scripts/reach_verdict.py"


rule tabulate_primary:
    input:
        "results/statistics/analysis.parquet",
    output:
        predictions="results/statistics/predictions.csv",
        size_gaps="results/statistics/size_gaps.csv",
    log:
        "<logs>/tabulate_primary.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("statistics"),
    script:
        "../scripts/tabulate_primary.py"


rule simulate_controls:
    output:
        noise="results/statistics/noise.csv",
        calibration="results/statistics/calibration.csv",
    log:
        "<logs>/simulate_controls.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        settings=config["statistics"],
        seed=config["seed"],
        variants=config["complexity"]["variants"],
        code=code_digest("statistics", "complexity"),
    script:
        "../scripts/simulate_controls.py"


rule compare_weight_features:
    input:
        scores="results/zoo/scores.csv",
        epiplexity="results/zoo/epiplexity.csv",
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
        tensors=expand("results/models/{model}/tensors.parquet", model=ZOO_TRAINED),
        values=expand("results/models/{model}/values.parquet", model=ZOO_TRAINED),
    output:
        "results/zoo/weight_features.csv",
    log:
        "<logs>/compare_weight_features.log",
    benchmark:
        "<benchmarks>/compare_weight_features.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        models=ZOO_TRAINED,
        selection=primary_selection(),
        confidence=config["statistics"]["confidence"],
        seed=config["seed"],
        code=code_digest(
            "experiments/zoo/weight_features", "experiments/zoo/comparison"
        ),
    script:
        "../scripts/compare_weight_features.py"
