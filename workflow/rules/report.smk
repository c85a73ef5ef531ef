"""The page that answers the question, and the record of the run.

Needs: tables and figures.
Makes: results/report.html and results/run.yaml.
"""


rule record_run:
    input:
        tables=RESULT_TABLES,
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
