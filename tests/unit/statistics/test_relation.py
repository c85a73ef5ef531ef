import numpy as np
import pytest
import statsmodels.api as sm
from frames import analysis
from planted import study
from scipy.optimize import curve_fit

from complexity_atlas.statistics.relation import FORMS, question
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=99)

CURVES = {
    "linear": (lambda c, a, b: a + b * c, (0.2, 6.0)),
    "logarithmic": (lambda c, a, b: a + b * np.log(c), (1.5, 0.25)),
    "quadratic": (lambda c, a, b, q: a + b * c + q * c**2, (0.1, 20.0, -150.0)),
    "power": (lambda c, a, b: np.exp(a) * c**b, (2.0, 0.8)),
    "exponential": (lambda c, a, b: np.exp(a + b * c), (-2.0, 18.0)),
    "logistic": (lambda c, a, b: 1 / (1 + np.exp(-(a + b * c))), (-2.0, 50.0)),
}


def curve(form, seed, noise, families=20, models=100):
    rng = np.random.default_rng(seed)
    family = rng.integers(0, families, models)
    value = rng.uniform(0.01, 0.06, models)
    function, truth = CURVES[form]
    score = function(value, *truth) + noise * (
        rng.normal(size=families)[family] + rng.normal(size=models)
    )
    return analysis(
        family=[f"f{code}" for code in family],
        score=np.clip(score, 0.001, 0.999),
        value=value,
        log_n=20 + rng.normal(size=models),
    )


def one(rows, statistic, covariates=""):
    chosen = rows[(rows["statistic"] == statistic) & (rows["covariates"] == covariates)]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize("form", CURVES)
def test_without_noise_every_form_gives_back_its_parameters(form):
    rows = question(curve(form, 1, noise=0), SETTINGS)
    _, truth = CURVES[form]
    for name, value in zip("abc", truth, strict=False):
        assert one(rows, f"{form}_{name}")["estimate"] == pytest.approx(value, rel=1e-6)
    assert one(rows, f"{form}_r2")["estimate"] == pytest.approx(1, abs=1e-9)
    assert one(rows, "best_gain_r2")["estimate"] > 0.999


@pytest.mark.parametrize("form", CURVES)
def test_parameters_are_close_to_those_of_least_squares(form):
    frame = curve(form, 2, noise=0.02)
    function, truth = CURVES[form]
    least_squares, _ = curve_fit(function, frame["value"], frame["score"], p0=truth)
    rows = question(frame, SETTINGS)
    for name, value in zip("abc", least_squares, strict=False):
        row = one(rows, f"{form}_{name}")
        assert row["ci_low"] < value < row["ci_high"]


def test_the_interval_of_a_line_is_that_of_statsmodels():
    frame = study(3, effect=0.5)
    row = one(question(frame, SETTINGS), "linear_b", "log_n+log_d")
    design = sm.add_constant(frame[["value", "log_n", "log_d"]].to_numpy())
    fit = sm.OLS(frame["score"].to_numpy(), design).fit(
        cov_type="cluster",
        cov_kwds={"groups": frame["family"].astype("category").cat.codes.to_numpy()},
        use_t=True,
    )
    low, high = fit.conf_int()[1]
    assert row["estimate"] == pytest.approx(fit.params[1], rel=1e-6)
    # GLM and OLS of statsmodels correct for few clusters alike but for (n - 1) / (n - k).
    assert row["ci_high"] - row["ci_low"] == pytest.approx(high - low, rel=0.05)


def test_covariates_have_coefficients_of_their_own():
    rows = question(study(4, effect=0.5), SETTINGS)
    assert one(rows, "linear_log_n", "log_n")["estimate"] > 0
    assert one(rows, "linear_log_d", "log_n+log_d")["note"] == ""
    assert rows[(rows["statistic"] == "linear_log_n") & (rows["covariates"] == "")].empty


def test_forms_that_do_not_apply_say_why():
    frame = study(5)
    below = question(frame.assign(value=-frame["value"]), SETTINGS)
    for form in ("logarithmic", "power"):
        assert "needs a measure above 0" in one(below, f"{form}_gain_r2")["note"]
    negative = question(frame.assign(score=frame["score"] - 1), SETTINGS)
    for form in ("power", "exponential", "logistic"):
        assert "no scores from" in one(negative, f"{form}_gain_r2")["note"]
    assert np.isfinite(one(negative, "best_gain_r2")["estimate"])


def test_the_right_form_predicts_best():
    shape = Settings(resamples=99)
    rows = question(curve("power", 6, noise=0.01, models=200), shape)
    r2 = {form.name: one(rows, f"{form.name}_r2")["estimate"] for form in FORMS}
    assert max(r2, key=r2.get) in ("power", "quadratic")
    assert r2["power"] > r2["exponential"]


@pytest.mark.slow
def test_a_planted_relation_is_found_and_covered():
    rows = [question(curve("linear", seed, noise=0.05), SETTINGS) for seed in range(60)]
    slope = [one(found, "linear_b") for found in rows]
    assert np.mean([row["ci_low"] <= 6 <= row["ci_high"] for row in slope]) >= 0.88
    assert np.mean([one(found, "best_gain_r2")["ci_low"] > 0 for found in rows]) >= 0.8


@pytest.mark.slow
def test_choosing_among_forms_makes_no_finding():
    rows = [
        one(question(study(seed, families=20, models=80), SETTINGS), "best_gain_r2", "log_n")
        for seed in range(60)
    ]
    assert np.mean([row["ci_low"] > 0 for row in rows]) <= 0.05
    assert np.mean([row["estimate"] for row in rows]) < 0.01
