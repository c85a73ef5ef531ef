"""Scores: collected from pinned sources and curated files, one traceable table, one view of it.

Needs: config/scores/; a network only for raw files that the lock names and nothing here holds.
Makes: results/scores/: the raw files, scores.parquet (every reported number), view.parquet (one per
network and benchmark, for the statistics), and the accounts of sources, models and rejects.
"""


localrules:
    fetch_scores,


rule fetch_scores:
    input:
        catalogue=project_file(config["scores"]["catalogue"]),
        lock=project_file(config["scores"]["lock"]),
        earlier=if_archived("results/archived/tables/scores/snapshots.csv"),
    output:
        "results/scores/snapshots.csv",
    log:
        "<logs>/fetch_scores.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        sources=config["scores"]["sources"],
        local=config["scores"]["local"],
        store="results/scores/raw",
    script:
        "../scripts/fetch_scores.py"


rule curate_scores:
    input:
        **reviewed_files(),
        curated=[project_file(name) for name in config["scores"]["curated"]]
        + if_zoo("results/zoo/zoo.csv"),
        snapshots=if_sources("results/scores/snapshots.csv"),
    output:
        multiext("results/scores/scores", ".parquet", ".csv"),
        multiext("results/scores/view", ".parquet", ".csv"),
        multiext("results/scores/models", ".parquet", ".csv"),
        multiext("results/scores/rejects", ".parquet", ".csv"),
        "results/scores/sources.csv",
        "results/scores/excluded.csv",
        "results/scores/unresolved.csv",
    log:
        "<logs>/curate_scores.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        sources=config["scores"]["sources"],
        store="results/scores/raw",
        models=list(PUBLISHED.model),
        code=code_digest("scores"),
    script:
        "../scripts/curate_scores.py"
