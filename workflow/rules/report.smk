"""The page that answers the question, and the record of the run.

Needs: tables and figures.
Makes: results/report.html and results/run.yaml.
"""


rule record_run:
    input:
        tables=RESULT_TABLES + if_companions(*COMPANION_TABLES),
    output:
        "results/run.yaml",
    log:
        "<logs>/record_run.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        config=config,
        inputs={name: project_file(name) for name in configured_files()},
        seed=config["seed"],
    script:
        "../scripts/record_run.py"


rule write_report:
    input:
        models="results/models.parquet",
        ledger="results/ledger.parquet",
        complexity="results/complexity/models.parquet",
        benchmarks=project_file(config["scores"]["benchmarks"]),
        scores="results/scores/view.parquet",
        sources="results/scores/sources.csv",
        statistics=expand("results/statistics/{table}.csv", table=STATISTICS_TABLES),
        verdict="results/statistics/verdict.csv",
        controls="results/statistics/noise.csv",
        calibration="results/statistics/calibration.csv",
        noise="results/complexity/noise.csv",
        order="results/complexity/quantised_order.csv",
        run="results/run.yaml",
        figures=expand(
            "results/figures/{figure}.png",
            figure=FIGURES + if_companions(*COMPANION_FIGURES),
        ),
        companions=if_companions(*COMPANION_TABLES),
        zoo=if_zoo("results/zoo/scores.csv", "results/zoo/weight_features.csv"),
        planes=expand("results/figures/planes/{model}.png", model=PUBLISHED.model),
    output:
        report("results/report.html", category="Answer", caption="../report/report.rst"),
    log:
        "<logs>/write_report.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        variants=config["complexity"]["variants"],
        code=code_digest("report", "figures", "statistics"),
    script:
        "../scripts/write_report.py"
