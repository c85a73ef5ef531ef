"""Figures: PNG for the page and PDF for print, each drawn from tables alone.

Needs: results/complexity/, results/statistics/, the score table.
Makes: results/figures/.
"""


rule simulate_noise:
    output:
        "results/complexity/noise.csv",
    log:
        "<logs>/simulate_noise.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        variants=config["complexity"]["variants"],
        draws=config["complexity"]["null_draws"],
        measure=config["statistics"]["primary"]["measure"],
        seed=config["seed"],
        code=code_digest("figures/confound", "complexity"),
    script:
        "../scripts/simulate_noise.py"


rule plot_noise:
    input:
        noise="results/complexity/noise.csv",
    output:
        report(
            "results/figures/confound.png",
            category="Binning",
            caption="../report/confound.rst",
        ),
        "results/figures/confound.pdf",
    log:
        "<logs>/plot_noise.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        measure=config["statistics"]["primary"]["measure"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_noise.py"


rule plot_sensitivity:
    input:
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
    output:
        report(
            "results/figures/sensitivity.png",
            category="Binning",
            caption="../report/sensitivity.rst",
        ),
        "results/figures/sensitivity.pdf",
    log:
        "<logs>/plot_sensitivity.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        variants=list(config["complexity"]["variants"]),
        code=code_digest("figures"),
    script:
        "../scripts/plot_sensitivity.py"


rule plot_plane:
    input:
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
    output:
        report(
            "results/figures/plane.png",
            category="Complexity",
            caption="../report/plane.rst",
        ),
        "results/figures/plane.pdf",
    log:
        "<logs>/plot_plane.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        bins=primary_bins(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_plane.py"


rule plot_tensor_planes:
    input:
        tensors="results/complexity/tensors.parquet",
        models="results/models.parquet",
    output:
        expand(
            "results/figures/planes/{model}.{suffix}",
            model=PUBLISHED.model,
            suffix=["png", "pdf"],
        ),
    log:
        "<logs>/plot_tensor_planes.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        bins=primary_bins(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_tensor_planes.py"


rule plot_depth:
    input:
        tensors="results/complexity/tensors.parquet",
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
    output:
        report(
            "results/figures/depth_profile.png",
            category="Complexity",
            caption="../report/depth_profile.rst",
        ),
        "results/figures/depth_profile.pdf",
    log:
        "<logs>/plot_depth.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_depth.py"


rule plot_scores:
    input:
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
        scores="results/scores/view.parquet",
        benchmarks=project_file(config["scores"]["benchmarks"]),
        statistics="results/statistics/correlations.csv",
    output:
        report(
            "results/figures/score_vs_complexity.png",
            category="Scores",
            caption="../report/score_vs_complexity.rst",
        ),
        "results/figures/score_vs_complexity.pdf",
    log:
        "<logs>/plot_scores.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        confidence=config["statistics"]["confidence"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_scores.py"


rule plot_sources:
    input:
        scores="results/scores/scores.parquet",
        view="results/scores/view.parquet",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/score_sources.png",
            category="Scores",
            caption="../report/score_sources.rst",
        ),
        "results/figures/score_sources.pdf",
        report(
            "results/figures/score_coverage.png",
            category="Scores",
            caption="../report/score_coverage.rst",
        ),
        "results/figures/score_coverage.pdf",
    log:
        "<logs>/plot_sources.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        models=[model.replace("--", "/", 1) for model in PUBLISHED.model],
        code=code_digest("figures"),
    script:
        "../scripts/plot_sources.py"


rule plot_quantisation:
    input:
        quantised="results/complexity/quantisation.parquet",
        order="results/complexity/quantised_order.csv",
        complexity="results/complexity/models.parquet",
        models="results/models.parquet",
    output:
        report(
            "results/figures/quantisation.png",
            category="Complexity",
            caption="../report/quantisation.rst",
        ),
        "results/figures/quantisation.pdf",
    log:
        "<logs>/plot_quantisation.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_quantisation.py"


rule plot_forest:
    input:
        statistics="results/statistics/correlations.csv",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/forest.png",
            category="Scores",
            caption="../report/forest.rst",
        ),
        "results/figures/forest.pdf",
    log:
        "<logs>/plot_forest.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_forest.py"


rule plot_power:
    input:
        statistics="results/statistics/power.csv",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/power.png",
            category="Scores",
            caption="../report/power.rst",
        ),
        "results/figures/power.pdf",
    log:
        "<logs>/plot_power.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_power.py"


rule plot_families:
    input:
        predictions="results/statistics/predictions.csv",
        models="results/models.parquet",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/leave_family_out.png",
            category="Scores",
            caption="../report/leave_family_out.rst",
        ),
        "results/figures/leave_family_out.pdf",
    log:
        "<logs>/plot_families.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_families.py"


rule plot_pairs:
    input:
        size_gaps="results/statistics/size_gaps.csv",
        benchmarks=project_file(config["scores"]["benchmarks"]),
    output:
        report(
            "results/figures/matched_pairs.png",
            category="Scores",
            caption="../report/matched_pairs.rst",
        ),
        "results/figures/matched_pairs.pdf",
    log:
        "<logs>/plot_pairs.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_pairs.py"


rule plot_calibration:
    input:
        calibration="results/statistics/calibration.csv",
    output:
        report(
            "results/figures/calibration.png",
            category="Controls",
            caption="../report/calibration.rst",
        ),
        "results/figures/calibration.pdf",
    log:
        "<logs>/plot_calibration.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=config["statistics"],
        seed=config["seed"],
        code=code_digest("figures"),
    script:
        "../scripts/plot_calibration.py"


rule plot_zoo_training:
    input:
        complexity="results/complexity/models.parquet",
        scores="results/zoo/scores.csv",
    output:
        report(
            "results/figures/zoo_training.png",
            category="Zoo",
            caption="../report/zoo_training.rst",
        ),
        "results/figures/zoo_training.pdf",
    log:
        "<logs>/plot_zoo_training.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_zoo_training.py"


rule plot_zoo_plane:
    input:
        complexity="results/complexity/models.parquet",
        scores="results/zoo/scores.csv",
    output:
        report(
            "results/figures/zoo_plane.png",
            category="Zoo",
            caption="../report/zoo_plane.rst",
        ),
        "results/figures/zoo_plane.pdf",
    log:
        "<logs>/plot_zoo_plane.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        bins=primary_bins(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_zoo_plane.py"


rule plot_zoo_controls:
    input:
        complexity="results/complexity/models.parquet",
        scores="results/zoo/scores.csv",
    output:
        report(
            "results/figures/zoo_controls.png",
            category="Zoo",
            caption="../report/zoo_controls.rst",
        ),
        "results/figures/zoo_controls.pdf",
    log:
        "<logs>/plot_zoo_controls.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        selection=primary_selection(),
        code=code_digest("figures"),
    script:
        "../scripts/plot_zoo_controls.py"
