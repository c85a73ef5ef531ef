"""Statistics: is complexity related to the scores, and how sure can one be?

Needs: complexities of whole models, the score table, the table of measured models.
Makes: results/statistics/.
"""


rule join_analysis:
    input:
        scores="results/scores/scores.parquet",
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
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


rule correlate_scores:
    input:
        "results/statistics/analysis.parquet",
    output:
        "results/statistics/correlations.csv",
    log:
        "<logs>/correlate_scores.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("statistics"),
    script:
        "../scripts/correlate_scores.py"
