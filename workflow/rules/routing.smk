"""Use: which network a task needs, and which families stop getting better with size.

Needs: the zoo's items and responses, the score table, and files of per-item results that the
`companions` section of the configuration names.
Makes: results/companions/routing_*.csv and ceilings*.csv with their figures.
"""


wildcard_constraints:
    routing_source="|".join(map(re.escape, ROUTING_SOURCES)) or "none",


rule gather_responses:
    input:
        files=routing_files,
    output:
        asked="results/companions/sources/{routing_source}.items.parquet",
        answered="results/companions/sources/{routing_source}.responses.parquet",
    log:
        "<logs>/gather_responses/{routing_source}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=lambda wildcards: ROUTING_SOURCES[wildcards.routing_source]["files"],
        format=lambda wildcards: ROUTING_SOURCES[wildcards.routing_source]["format"],
        settings=lambda wildcards: ROUTING_SOURCES[wildcards.routing_source]["settings"],
        code=code_digest("scores/per_item"),
    script:
        "../scripts/gather_responses.py"


rule evaluate_routing:
    input:
        zoo=if_zoo(
            "results/zoo/items.parquet",
            "results/zoo/responses.parquet",
            "results/zoo/scores.csv",
        ),
        asked=expand(
            "results/companions/sources/{source}.items.parquet", source=ROUTING_SOURCES
        ),
        answered=expand(
            "results/companions/sources/{source}.responses.parquet",
            source=ROUTING_SOURCES,
        ),
    output:
        evaluation="results/companions/routing_evaluation.csv",
        confusion="results/companions/routing_confusion.csv",
        curves="results/companions/routing_curves.csv",
        trials="results/companions/routing_trials.csv",
        models="results/companions/routing_models.csv",
    log:
        "<logs>/evaluate_routing.log",
    benchmark:
        "<benchmarks>/evaluate_routing.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
    params:
        settings={
            **{
                k: v
                for k, v in config["companions"]["routing"].items()
                if k != "sources"
            },
            "confidence": config["statistics"]["confidence"],
            "seed": config["seed"],
        },
        cost={name: source["cost"] for name, source in ROUTING_SOURCES.items()},
        code=code_digest("experiments/routing"),
    script:
        "../scripts/evaluate_routing.py"


rule plot_routing:
    input:
        curves="results/companions/routing_curves.csv",
        trials="results/companions/routing_trials.csv",
    output:
        report(
            "results/figures/routing.png",
            category="Companions",
            caption="../report/routing.rst",
        ),
        "results/figures/routing.pdf",
    log:
        "<logs>/plot_routing.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("figures"),
    script:
        "../scripts/plot_routing.py"


rule find_ceilings:
    input:
        scores="results/scores/scores.parquet",
        scored="results/scores/models.parquet",
        models="results/models.parquet",
    output:
        ceilings="results/companions/ceilings.csv",
        operating="results/companions/ceilings_operating.csv",
    log:
        "<logs>/find_ceilings.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("experiments/ceilings", "statistics"),
    script:
        "../scripts/find_ceilings.py"


rule plot_ceilings:
    input:
        ceilings="results/companions/ceilings.csv",
        operating="results/companions/ceilings_operating.csv",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/ceilings.png",
            category="Companions",
            caption="../report/ceilings.rst",
        ),
        "results/figures/ceilings.pdf",
    log:
        "<logs>/plot_ceilings.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_ceilings.py"
