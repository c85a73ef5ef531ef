import numpy as np
import pytest

from complexity_atlas.contracts import SPECTRUM
from complexity_atlas.spectra.complexities import CONDITION_RANK, spectral_complexities
from complexity_atlas.spectra.measures import SPECTRAL_MEASURES, spectral_measures
from complexity_atlas.spectra.nulls import gaussian_singular_values
from complexity_atlas.spectra.saved import MatrixSpectrum


def spectrum(name, rows, columns, values=None, seed=0, factor=1.0, **changes) -> MatrixSpectrum:
    if values is None:
        values = factor * gaussian_singular_values(rows, columns, 1, seed)[0]
    place = {"view": "both", "layer": None, "depth": None, "role": "mlp", "note": ""}
    fields = {"name": name, "rows": rows, "columns": columns, "dtype": "float32", "values": values}
    return MatrixSpectrum(**(place | fields | changes))


def measured(matrices, draws=8, parts=False):
    return spectral_complexities([("net", matrices)], draws, 1, parts)


def whole(of_models, aggregate, null_kind="per_tensor"):
    chosen = of_models[
        (of_models.scope == "model")
        & (of_models["view"] == "folded")
        & (of_models["aggregate"] == aggregate)
        & (of_models.null_kind == null_kind)
    ]
    return chosen.set_index("measure")


def test_every_matrix_has_its_measures_and_its_null():
    matrices = [spectrum("a", 60, 40, seed=3), spectrum("b", 50, 30, seed=4, factor=0.02)]
    tensors, _ = measured(matrices)
    assert set(tensors.variant) == {SPECTRUM}
    here = tensors[(tensors["view"] == "stored") & (tensors.tensor == "b")].set_index("measure")
    assert set(here.index) == {*SPECTRAL_MEASURES, CONDITION_RANK}
    expected = spectral_measures(matrices[1].values, 50, 30).values
    for name in SPECTRAL_MEASURES:
        assert here.value[name] == pytest.approx(expected[name])
    z = (here.value - here.null) / here.null_sd
    assert (np.abs(z.drop(CONDITION_RANK)) < 6).all()
    np.testing.assert_allclose(here.excess, here.value - here.null)


def test_the_mean_is_weighted_by_the_number_of_weights():
    matrices = [spectrum("a", 60, 40, seed=3), spectrum("b", 50, 30, seed=4)]
    _, of_models = measured(matrices)
    row = whole(of_models, "mean").loc["stable_rank"]
    values = [m.outcome.values["stable_rank"] for m in matrices]
    assert row.value == pytest.approx(np.average(values, weights=[2400, 1500]))
    assert row["null"] == pytest.approx(row.value, rel=0.1)
    assert row.n == 3900


def test_the_pool_is_one_matrix_of_blocks():
    matrices = [spectrum("a", 60, 40, seed=3), spectrum("b", 50, 30, seed=4, factor=0.1)]
    _, of_models = measured(matrices)
    pooled = whole(of_models, "pooled")
    assert pooled.value["spectral_norm"] == max(m.values[0] for m in matrices)
    squares = sum(np.sum(m.values**2) for m in matrices)
    assert pooled.value["frobenius_norm"] == pytest.approx(np.sqrt(squares))
    assert pooled["null"]["frobenius_norm"] == pytest.approx(np.sqrt(squares), rel=0.02)
    assert "alpha" not in pooled.index
    standardised = whole(of_models, "pooled_standardised")
    assert standardised.value["frobenius_norm"] == pytest.approx(np.sqrt(3900))
    # With one width for both matrices the null has no narrow one, and so a smaller condition.
    one_width = whole(of_models, "pooled", "same_n")["null"]
    assert one_width["log_condition"] < pooled["null"]["log_condition"] - 1


def test_what_has_no_spectrum_is_left_out_and_told():
    matrices = [
        spectrum("a", 60, 40, seed=3),
        spectrum("huge", 900, 900, values=np.empty(0), note="only counted"),
        spectrum("zero", 30, 30, values=np.zeros(30)),
    ]
    tensors, of_models = measured(matrices)
    flags = tensors.set_index("tensor").flag
    assert set(flags["zero"]) == {"all weights are zero", ""}  # the rank by condition has no flag
    assert "only counted" in set(flags["huge"])
    mean = whole(of_models, "mean")
    assert mean.value["stable_rank"] == matrices[0].outcome.values["stable_rank"]
    assert mean.flag["stable_rank"] == "2 of 3 matrices left out"
    assert mean.n["stable_rank"] == 2400
    _, nothing = measured(matrices[1:])
    assert nothing.value.isna().all()
    assert set(nothing.flag) == {"no matrix has a spectrum"}
    assert measured([])[1].empty


@pytest.mark.parametrize(
    ("dtype", "least", "flagged"),
    [("bfloat16", 0.9e-4, True), ("bfloat16", 1.1e-4, False), ("float32", 0.9e-4, False)],
)
def test_a_least_value_that_rounding_sets_is_flagged(dtype, least, flagged):
    values = np.geomspace(1, least, 30)
    matrix = spectrum("a", 40, 30, values=values, dtype=dtype)
    tensors, of_models = measured([matrix])
    flag = tensors.set_index("measure").flag["log_condition"].iloc[0]
    assert ("rounding to bfloat16" in flag) == flagged
    assert ("rounding to bfloat16" in whole(of_models, "mean").flag["log_condition"]) == flagged
    assert matrix.outcome.values["log_condition"] == pytest.approx(-np.log(least))


def test_matrices_are_ranked_by_condition_as_kappatune_chooses_them():
    values = [np.array([c, 1.0]) for c in (9.0, 2.0, 5.0)]
    matrices = [spectrum(f"m{i}", 3, 2, values=v) for i, v in enumerate(values)]
    matrices.append(spectrum("singular", 3, 2, values=np.array([1.0, 0.0])))
    tensors, _ = measured(matrices)
    ranks = tensors[(tensors.measure == CONDITION_RANK) & (tensors["view"] == "stored")]
    assert ranks.set_index("tensor").value.dropna().to_dict() == {"m1": 1, "m2": 2, "m0": 3}


def test_roles_layers_and_views_are_scopes_of_their_own():
    matrices = [
        spectrum("a", 9, 8, layer=0),
        spectrum("b", 9, 8, layer=1, role="head", view="stored"),
        spectrum("b", 9, 8, layer=1, role="head", view="folded", factor=2.0),
    ]
    _, of_models = measured(matrices, parts=True)
    assert set(of_models.scope) == {"model", "layer:0", "layer:1", "role:mlp", "role:head"}
    norm = of_models[(of_models.measure == "spectral_norm") & (of_models.scope == "layer:1")]
    norm = norm[norm["aggregate"] == "mean"].groupby("view").value.first()
    assert norm["folded"] == pytest.approx(2 * norm["stored"])


def test_nulls_do_not_depend_on_what_else_is_measured():
    a, b = spectrum("a", 60, 40, seed=3), spectrum("b", 60, 40, seed=9)
    alone, _ = measured([a])
    together, _ = measured([b, a])
    np.testing.assert_array_equal(
        alone["null"], together[together.tensor == "a"].reset_index(drop=True)["null"]
    )
