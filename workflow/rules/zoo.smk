"""The zoo: small language models that the study trains, saves step by step and scores itself.

Needs: the `zoo` section of the configuration, and the text that Python brings along.
Makes: results/zoo/, results/models/zoo-<run>-…/ for every saved network, and the companion
experiment that needs a network, heads on a frozen one.
"""


rule prepare_zoo_text:
    output:
        corpus="results/zoo/text.parquet",
        cloze="results/zoo/items.parquet",
    log:
        "<logs>/prepare_zoo_text.log",
    benchmark:
        "<benchmarks>/prepare_zoo_text.tsv"
    conda:
        "../../envs/measure.yaml"
    params:
        sources=ZOO.sources,
        test_share=ZOO.test_share,
        window=ZOO.window,
        cloze_items=ZOO.cloze_items,
        version=ZOO_VERSION,
    shell:
        "python -m complexity_atlas.experiments.zoo text --sources {params.sources}"
        " --test-share {params.test_share} --window {params.window}"
        " --cloze-items {params.cloze_items}"
        " --corpus {output.corpus} --items {output.cloze} > {log} 2>&1"


rule train_zoo:
    input:
        corpus="results/zoo/text.parquet",
        cloze="results/zoo/items.parquet",
    output:
        networks=expand("results/zoo/runs/{{run}}/{file}", file=ZOO_NETWORKS.values()),
        scores="results/zoo/runs/{run}/scores.csv",
        responses="results/zoo/runs/{run}/responses.parquet",
        loss_curve="results/zoo/runs/{run}/loss_curve.csv",
        epiplexity="results/zoo/runs/{run}/epiplexity.csv",
        record="results/zoo/runs/{run}/run.json",
    log:
        "<logs>/train_zoo/{run}.log",
    benchmark:
        "<benchmarks>/train_zoo/{run}.tsv"
    # Longest first, so that no core waits for the last one.
    priority: run_size
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
        gpu=1 if TRAINING_DEVICE != "cpu" else 0,
    params:
        spec=run_spec,
        test_windows=ZOO.test_windows,
        cloze_trials=ZOO.cloze_trials,
        version=ZOO_VERSION,
        device=TRAINING_DEVICE,
    shell:
        "python -m complexity_atlas.experiments.zoo train --spec {params.spec:q}"
        " --corpus {input.corpus} --items {input.cloze}"
        " --test-windows {params.test_windows} --cloze-trials {params.cloze_trials}"
        " --out results/zoo/runs/{wildcards.run} --device {params.device} > {log} 2>&1"


rule measure_zoo:
    input:
        expand("results/zoo/runs/{{run}}/{file}", file=ZOO_NETWORKS.values()),
    output:
        expand(
            "results/models/zoo-{{run}}-{network}/{name}",
            network=ZOO_NETWORKS,
            name=MEASURED_FILES,
        ),
    log:
        "<logs>/measure_zoo/{run}.log",
    benchmark:
        "<benchmarks>/measure_zoo/{run}.tsv"
    priority: run_size
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        specs=run_model_specs,
        spectra_up_to=spectra_up_to_of_run,
        method=METHOD_VERSION,
        cache=weight_cache(),
    shell:
        "python -m complexity_atlas measure-models --specs {params.specs:q}"
        " --out results/models --cache {params.cache:q}"
        " --spectra-up-to {params.spectra_up_to}"
        " --threads {threads} --device cpu > {log} 2>&1"


rule collect_zoo:
    input:
        scores=expand("results/zoo/runs/{run}/scores.csv", run=ZOO_RUNS),
        responses=expand("results/zoo/runs/{run}/responses.parquet", run=ZOO_RUNS),
        loss_curves=expand("results/zoo/runs/{run}/loss_curve.csv", run=ZOO_RUNS),
        epiplexity=expand("results/zoo/runs/{run}/epiplexity.csv", run=ZOO_RUNS),
    output:
        scores="results/zoo/scores.csv",
        curated="results/zoo/zoo.csv",
        responses="results/zoo/responses.parquet",
        loss_curves="results/zoo/loss_curves.csv",
        epiplexity="results/zoo/epiplexity.csv",
    log:
        "<logs>/collect_zoo.log",
    benchmark:
        "<benchmarks>/collect_zoo.tsv"
    conda:
        "../../envs/measure.yaml"
    script:
        "../scripts/collect_zoo.py"


rule tune_zoo_heads:
    input:
        corpus="results/zoo/text.parquet",
        network=(
            f"results/zoo/runs/{FROZEN_RUN.name}/{FROZEN_RUN.file(FROZEN_RUN.steps)}"
            if FROZEN_RUN
            else []
        ),
    output:
        "results/companions/linear_heads.csv",
    log:
        "<logs>/tune_zoo_heads.log",
    benchmark:
        "<benchmarks>/tune_zoo_heads.tsv"
    conda:
        "../../envs/measure.yaml"
    params:
        run=asdict(FROZEN_RUN) if FROZEN_RUN else {},
        heads=config["companions"]["head_tuning"]["heads"],
        seed=config["seed"],
        code=code_digest("experiments/head_tuning/linear_heads"),
    script:
        "../scripts/tune_zoo_heads.py"
