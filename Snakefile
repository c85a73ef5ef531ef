"""Is the statistical complexity of a neural network's weights related to its capability?"""

from snakemake.utils import min_version

min_version("9.0")


configfile: workflow.source_path("config/config.yaml")


pathvars:
    logs="results/logs",
    benchmarks="results/runtimes",


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/companions.smk"


# What was measured and trained is there already when an archived study is rebuilt.
if not config["archived"]:

    include: "workflow/rules/weights.smk"
    include: "workflow/rules/zoo.smk"


include: "workflow/rules/models.smk"
include: "workflow/rules/complexity.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/routing.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/run.yaml",
