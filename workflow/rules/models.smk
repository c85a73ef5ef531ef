"""Models: what was measured of each, as two tables.

Needs: results/models/<model>/.
Makes: results/models.parquet and results/ledger.parquet, each with a CSV twin.
"""


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
    params:
        sizes=config["sizes"],
        zoo=[asdict(run) for run in ZOO_RUNS.values()],
        zoo_folder="results/zoo/runs",
    script:
        "../scripts/collect_models.py"
