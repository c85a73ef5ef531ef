"""Theory: what networks of a size can compute at all, and what their size does to their risk.

Needs: the `companions` section of the configuration, and the table of measured models.
Makes: results/companions/superposition_*.csv and head_tuning_*.csv with a figure each; and the
target `companions_full`, the superposition of every input.
"""


rule bound_superposition:
    input:
        models="results/models.parquet",
    output:
        bound="results/companions/superposition_bound.csv",
        cost="results/companions/superposition_cost.csv",
    log:
        "<logs>/bound_superposition.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        bits=config["companions"]["superposition"]["bits"],
        features=config["companions"]["superposition"]["features"],
        code=code_digest("experiments/superposition/bound"),
    script:
        "../scripts/bound_superposition.py"


rule verify_superposition:
    output:
        errors="results/companions/superposition_and.csv",
        law="results/companions/superposition_law.csv",
    log:
        "<logs>/verify_superposition.log",
    benchmark:
        "<benchmarks>/verify_superposition.tsv"
    # Before the models are measured and the zoo is trained, which many jobs share.
    priority: 1
    conda:
        "../../envs/analysis.yaml"
    params:
        features=config["companions"]["superposition"]["features"],
        pairs=config["companions"]["superposition"]["sampled_pairs"],
        example=config["companions"]["superposition"]["example"],
        seed=config["seed"],
        code=code_digest("experiments/superposition"),
    script:
        "../scripts/verify_superposition.py"


rule verify_every_input:
    output:
        "results/companions/superposition_exhaustive.csv",
    log:
        "<logs>/verify_every_input.log",
    benchmark:
        "<benchmarks>/verify_every_input.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        example=config["companions"]["superposition"]["example"],
        seed=config["seed"],
        code=code_digest("experiments/superposition"),
    script:
        "../scripts/verify_every_input.py"


rule companions_full:
    input:
        "results/companions/superposition_exhaustive.csv",


rule train_superposition:
    output:
        "results/companions/superposition_trained.csv",
    log:
        "<logs>/train_superposition.log",
    benchmark:
        "<benchmarks>/train_superposition.tsv"
    priority: 1
    conda:
        "../../envs/measure.yaml"
    params:
        settings=config["companions"]["superposition"]["trained"],
        seed=config["seed"],
        code=code_digest(
            "experiments/superposition/trained", "experiments/superposition/verify"
        ),
    script:
        "../scripts/train_superposition.py"


rule plot_superposition:
    input:
        bound="results/companions/superposition_bound.csv",
        cost="results/companions/superposition_cost.csv",
        errors="results/companions/superposition_and.csv",
        law="results/companions/superposition_law.csv",
        trained="results/companions/superposition_trained.csv",
    output:
        report(
            "results/figures/superposition.png",
            category="Companions",
            caption="../report/superposition.rst",
        ),
        "results/figures/superposition.pdf",
    log:
        "<logs>/plot_superposition.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("figures"),
    script:
        "../scripts/plot_superposition.py"


rule simulate_head_tuning:
    output:
        risk="results/companions/head_tuning_risk.csv",
        spectrum="results/companions/head_tuning_spectrum.csv",
    log:
        "<logs>/simulate_head_tuning.log",
    benchmark:
        "<benchmarks>/simulate_head_tuning.tsv"
    priority: 1
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["companions"]["head_tuning"],
        seed=config["seed"],
        code=code_digest("experiments/head_tuning"),
    script:
        "../scripts/simulate_head_tuning.py"


rule plot_head_tuning:
    input:
        risk="results/companions/head_tuning_risk.csv",
        spectrum="results/companions/head_tuning_spectrum.csv",
        heads="results/companions/linear_heads.csv" if FROZEN_RUN else [],
    output:
        report(
            "results/figures/head_tuning.png",
            category="Companions",
            caption="../report/head_tuning.rst",
        ),
        "results/figures/head_tuning.pdf",
    log:
        "<logs>/plot_head_tuning.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("figures"),
    script:
        "../scripts/plot_head_tuning.py"
