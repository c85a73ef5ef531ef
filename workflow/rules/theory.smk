"""Theory: what networks of a size can compute at all, and what their size does to their risk.

Needs: the `companions` section of the configuration, and the table of measured models.
Makes: results/companions/superposition_*.csv with their figure.
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
        code=code_digest("experiments/superposition"),
    script:
        "../scripts/bound_superposition.py"


rule plot_superposition:
    input:
        bound="results/companions/superposition_bound.csv",
        cost="results/companions/superposition_cost.csv",
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
