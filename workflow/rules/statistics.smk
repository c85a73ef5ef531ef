"""Statistics: is complexity related to the scores, and how sure can one be?

Needs: complexities of whole models, the score table, the table of measured models.
Makes: results/statistics/, one table per question, all of one schema.
"""


rule join_analysis:
    input:
        scores="results/scores/scores.parquet",
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
    params:
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
