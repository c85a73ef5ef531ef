"""Scores: published results, read from curated files into one traceable table.

Needs: config/scores/.
Makes: results/scores/scores.parquet and its CSV twin.
"""


rule curate_scores:
    input:
        curated=[project_file(name) for name in config["scores"]["curated"]]
        + if_zoo("results/zoo/zoo.csv"),
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        scores="results/scores/scores.parquet",
        scores_csv="results/scores/scores.csv",
    log:
        "<logs>/curate_scores.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("scores"),
    script:
        "../scripts/curate_scores.py"
