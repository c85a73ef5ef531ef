import pytest
from desk import attribute, reported, says, source

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.accounts import check_nothing_vanished
from complexity_atlas.scores.reported import Parsed, Reject

OURS, THEIRS = source("ours"), source("theirs")


def only(curation):
    assert len(curation.scores) == 1
    return curation.scores.iloc[0]


def test_a_rule_and_never_a_value_decides_the_scale(desk):
    percent = {"62.1": 0.621, "77.0%": 0.77, "63.3 %": 0.633, "63.4\uff05": 0.634}
    percent |= {"1.52": 0.0152, "0.45": 0.0045, "1.0": 0.01}
    rows = [reported(f"p/{i}", text, scale="percent") for i, text in enumerate(percent)]
    rows += [reported("f/0", "0.621"), reported("f/1", "1.0")]
    found = desk.curate((OURS, says(*rows))).scores.set_index("model_id")
    assert set(found.status) == {"ok"}
    for i, (text, value) in enumerate(percent.items()):
        assert found.value[f"p/{i}"] == pytest.approx(value, abs=1e-12)
        assert found.value_raw[f"p/{i}"] == text
    assert (found.value["f/0"], found.value["f/1"]) == (0.621, 1.0)


def test_a_number_on_an_unknown_scale_is_set_aside(desk):
    rows = [
        reported("org/sign", "77.0%"),
        reported("org/silent", "0.412", flags=("scale_undeclared",)),
        reported("org/points", "20.9", scale="unscaled"),
        *(reported(f"org/{i}", "0.5") for i in range(4)),
    ]
    found = desk.curate((OURS, says(*rows))).scores.set_index("model_id")
    flags = found["flags"][found.status == "quarantined"].to_dict()
    assert flags == {
        "org/sign": "unit_conflict",
        "org/silent": "scale_undeclared",
        "org/points": "scale_undeclared",
    }


def test_what_is_no_number_is_a_reject_and_never_zero(desk):
    reasons = {
        "N/A": "missing",
        "—": "missing",
        "": "missing",
        "offline": "missing",
        "NaN": "not_finite",
        "1.013,01": "ambiguous_number",
        "good": "not_a_number",
    }
    rows = [reported(f"org/{i}", text) for i, text in enumerate(reasons)]
    result = desk.curate((OURS, says(*rows)))
    assert result.scores.empty
    assert dict(zip(result.rejects.snippet, result.rejects.reason, strict=True)) == reasons


def test_unknown_benchmarks_and_metrics_are_rejects_with_what_was_said(desk):
    strange = reported("org/net", "0.5", benchmark_raw="juggling")
    odd = reported("org/net", "0.5", metric_raw="vibes")
    rejects = desk.curate((OURS, says(strange, odd))).rejects
    assert dict(zip(rejects.snippet, rejects.reason, strict=True)) == {
        "juggling | acc | 0.5": "unknown_benchmark",
        "mmlu | vibes | 0.5": "unknown_metric",
    }


def test_standard_errors_reported_from_an_interval_or_binomial(desk):
    rows = [
        reported("org/a", "0.5", stderr_raw="0.01"),
        reported("org/b", "62.1 [60.0, 64.2]", scale="percent"),
        reported("org/c", "0.5"),
        reported("org/d", "85.0 ± 0.5", scale="percent"),
        reported("org/e", "0.5", n_items=100, subtask_raw="anatomy"),
        reported("org/f", "0.5", flags=("partial",)),
    ]
    found = desk.curate((OURS, says(*rows))).scores.set_index("model_id")
    assert found.stderr_kind.to_dict() == {
        "org/a": "reported",
        "org/b": "from_ci",
        "org/c": "binomial",
        "org/d": "reported",
        "org/e": "binomial",
        "org/f": "none",
    }
    assert found.stderr["org/b"] == pytest.approx(0.021 / 1.96, rel=1e-4)
    assert found.stderr["org/c"] == pytest.approx((0.25 / 14042) ** 0.5)
    assert found.stderr["org/d"] == pytest.approx(0.005)
    assert found["flags"]["org/d"] == "plus_minus"
    assert found.stderr["org/e"] == pytest.approx(0.05)
    assert found.n_items["org/c"] == 14042


def test_the_benchmark_table_and_not_the_source_gives_direction_bounds_and_chance(desk):
    words = {"benchmark_raw": "lambada_openai", "metric_raw": "ppl", "scale": "unscaled"}
    ppl = only(desk.curate((OURS, says(reported("org/net", "6.64", **words)))))
    assert (ppl.unit, ppl.higher_is_better, ppl.lower_bound) == ("ppl", False, 1)
    hella = {"benchmark_raw": "hellaswag", "metric_raw": "acc"}
    acc = only(desk.curate((OURS, says(reported("org/net", "0.5", **hella)))))
    assert (acc.metric_id, acc.chance_level) == ("accuracy", 0.25)


def test_protocols_differ_in_shots_template_filter_and_series_of_the_harness(desk):
    base = {"benchmark_raw": "gsm8k", "metric_raw": "exact_match", "harness": "h"}
    variants = [
        {"n_shot": 5, "harness_version": "0.4.3"},
        {"n_shot": 5, "harness_version": "0.4.9"},
        {"n_shot": 8, "harness_version": "0.4.3"},
        {"n_shot": None, "harness_version": "0.4.3"},
        {"n_shot": 5, "harness_version": "0.3"},
        {"n_shot": 5, "harness_version": "0.4.3", "chat_template": True},
        {"n_shot": 5, "harness_version": "0.4.3", "filter_raw": "strict-match"},
    ]
    rows = [reported(f"org/{i}", "0.5", **base, **v) for i, v in enumerate(variants)]
    found = desk.curate((OURS, says(*rows))).scores.set_index("model_id").protocol_id
    assert found["org/0"] == found["org/1"]
    assert found.nunique() == len(variants) - 1


def test_equal_reports_are_one_row_that_counts_them(desk):
    twice = [reported("org/net", "0.5", locator=place) for place in ("a", "b")]
    row = only(desk.curate((OURS, says(*twice))))
    assert (row.status, row.n_reports) == ("ok", 2)


def test_contradictions_of_one_source_are_all_set_aside(desk):
    rows = [reported("org/net", value, locator=value) for value in ("0.5", "0.6")]
    scores = desk.curate((OURS, says(*rows))).scores
    assert list(scores.status) == ["quarantined"] * 2
    assert set(scores["flags"]) == {"conflict"}


def test_another_precision_template_or_revision_is_no_contradiction(desk):
    rows = [
        reported("org/net", "0.675", "a", precision="bf16", chat_template=True),
        reported("org/net", "0.049", "b", precision="fp16"),
        reported("org/net", "0.450", "c", model_revision="1111111"),
        reported("org/net", "0.598", "d", model_revision="2222222"),
    ]
    assert list(desk.curate((OURS, says(*rows))).scores.status) == ["ok"] * 4


def test_the_newest_whole_run_supersedes_and_a_partial_one_does_not(desk):
    rows = [
        reported("org/net", "0.50", "a", eval_date="2024-01-01"),
        reported("org/net", "0.52", "b", eval_date="2024-03-01"),
        reported("org/net", "0.90", "c", eval_date="2024-06-01", flags=("partial",)),
    ]
    scores = desk.curate((OURS, says(*rows))).scores.set_index("value").status
    assert scores.to_dict() == {0.5: "superseded", 0.52: "ok", 0.9: "ok"}


def copies(desk, theirs, ours=("0.43796096", "0.53071672", "0.77743477"), **changes):
    mine = [reported(f"org/{i}", value) for i, value in enumerate(ours)]
    other = [reported(f"org/{i}", value, **changes) for i, value in enumerate(theirs)]
    scores = desk.curate((OURS, says(*mine)), (THEIRS, says(*other))).scores
    return scores[scores.source_id == "theirs"].status.value_counts().to_dict()


def test_a_copy_is_marked_and_is_no_second_vote(desk):
    assert copies(desk, ("0.43796096", "0.53071672", "0.77743477")) == {"copy": 3}
    assert copies(desk, ("0.43796100", "0.53071672", "0.6")) == {"copy": 2, "ok": 1}


@pytest.mark.parametrize("end", ["0.000000", "1.000000"])
def test_the_end_of_a_scale_is_reached_by_many_and_no_copy(desk, end):
    numbers = (end, "0.53071672", "0.77743477")
    assert copies(desk, numbers, numbers) == {"copy": 2, "ok": 1}


def test_few_digits_or_other_shots_or_one_agreement_among_many_make_no_copy(desk):
    assert copies(desk, ("0.44", "0.53", "0.78"), ("0.44", "0.53", "0.78")) == {"ok": 3}
    numbers = [f"0.{300000 + i}" for i in range(10)]
    assert copies(desk, [numbers[0], *("0.6" for _ in range(9))], numbers) == {"ok": 10}
    mine = reported("org/net", "0.43796096", n_shot=0)
    other = reported("org/net", "0.43796096", n_shot=5)
    scores = desk.curate((OURS, says(mine)), (THEIRS, says(other))).scores
    assert list(scores.status) == ["ok", "ok"]


def test_a_source_that_reprints_another_is_a_copy_within_its_printed_digits(desk):
    reprint = source("theirs", repeats=("ours",))
    mine, other = reported("org/net", "0.43796096"), reported("org/net", "43.8", scale="percent")
    scores = desk.curate((OURS, says(mine)), (reprint, says(other))).scores.set_index("source_id")
    assert scores.status["theirs"] == "copy"
    assert scores.copy_of["theirs"] == scores.record_id["ours"]


def test_names_are_resolved_and_what_has_no_identity_is_kept_but_unresolved(desk):
    names = source("names", model_ids="names")
    rows = says(reported("gpt2-xl", "0.3"), reported("GPT-5 (high)", "0.9"))
    result = desk.curate((names, rows))
    found = result.scores.set_index("model_raw")
    assert found.model_id["gpt2-xl"] == "openai-community/gpt2-xl"
    assert found.model_match["GPT-5 (high)"] == "unresolved"
    assert list(result.unresolved.model_raw) == ["GPT-5 (high)"]
    local = desk.curate((OURS, says(reported("/data/models/llama", "0.5")))).scores
    assert local.model_id.isna().all()


def test_a_prefix_makes_ids_of_names(desk):
    timm = source("timm", model_ids="timm/")
    row = only(desk.curate((timm, says(reported("resnet50.a1_in1k", "0.8")))))
    assert (row.model_id, row.model_match) == ("timm/resnet50.a1_in1k", "exact")


def test_corrections_are_applied_flagged_and_end_when_the_source_is_mended(desk):
    row = {"source": "ours", "model_raw": "org/net", "benchmark_raw": "mmlu"}
    wrong = says(reported("org/net", "0.998"), reported("org/other", "0.5"))
    mended = desk.with_corrections(**row, column="value_raw", found="0.998", corrected="0.498")
    found = mended.curate((OURS, wrong)).scores.set_index("model_id")
    assert (found.value["org/net"], found["flags"]["org/net"]) == (0.498, "corrected")
    newer = mended.curate((OURS, says(reported("org/net", "0.51"))))
    assert only(newer).value == 0.51
    aside = desk.with_corrections(**row, column="status", found="", corrected="quarantined")
    status = aside.curate((OURS, wrong)).scores.set_index("model_id").status
    assert status.to_dict() == {"org/net": "quarantined", "org/other": "ok"}
    everyone = desk.with_corrections(
        **row | {"model_raw": "*"}, column="status", found="", corrected="quarantined"
    )
    assert set(everyone.curate((OURS, wrong)).scores.status) == {"quarantined"}


def test_every_report_is_a_row_or_a_reject(desk):
    parsed = says(
        reported("org/net", "0.5", "a"),
        reported("org/net", "0.5", "b"),
        reported("org/net", "n/a", "c"),
        reported("org/net", "0.5", "d", benchmark_raw="juggling"),
        rejects=(Reject("e", "missing"), Reject("e", "missing")),
    )
    result = desk.curate((OURS, parsed))
    assert result.rows_in == {"ours": 6}
    assert (result.scores.n_reports.sum(), len(result.rejects)) == (2, 4)
    with pytest.raises(AtlasError, match="source ours: 7 rows came in and 6 are accounted for"):
        check_nothing_vanished({"ours": 7}, result.scores, result.rejects)


def test_attributes_keep_their_meanings_apart_and_lead_to_their_cells(desk):
    parsed = Parsed(
        reported=(reported("org/net", "0.5"),),
        attributes=(
            attribute("org/net", "n_params", "39", "billion"),
            attribute("org/net", "n_params_total", "1,013.01", "million"),
            attribute("org/net", "n_train_tokens", "-1", "trillion"),
            attribute("org/net", "family", "Net"),
        ),
    )
    model = desk.curate((OURS, parsed)).models.iloc[0]
    assert (model.n_params, model.n_params_total, model.family) == (39e9, 1.01301e9, "Net")
    assert model.n_train_tokens != model.n_train_tokens
    assert "n_params: ours f.json org/net/n_params" in model.attribute_sources


def hundredfold(parsed: Parsed) -> Parsed:
    changed = [reported(r.model_raw, str(float(r.value_raw) * 100)) for r in parsed.reported]
    return says(*changed)


def test_a_source_on_a_wrong_scale_stops_the_run_with_its_name(desk):
    good = says(*(reported(f"org/{i}", f"0.{4 + i}1") for i in range(4)))
    desk.curate((OURS, good), (THEIRS, good))
    with pytest.raises(AtlasError, match="source theirs: 100% of 4 numbers are out of bounds"):
        desk.curate((OURS, good), (THEIRS, hundredfold(good)))
    small = says(*(reported(f"org/{i}", f"0.00{4 + i}1") for i in range(4)))
    with pytest.raises(AtlasError, match=r"source ours: its mmlu is 100 times what theirs say"):
        desk.curate((OURS, good), (THEIRS, small))
    lone = says(*(reported(f"org/{i}", f"0.00{4 + i}1") for i in range(5)))
    with pytest.raises(AtlasError, match=r"source ours: the median accuracy of mmlu is 0\.006"):
        desk.curate((OURS, lone))


def test_a_protocol_is_the_same_beside_sources_that_do_not_state_it(desk):
    ours = (OURS, says(reported("org/a", "0.5", n_shot=5)))
    alone = desk.curate(ours).scores
    beside = desk.curate(ours, (THEIRS, says(reported("org/b", "0.6")))).scores
    assert [alone.protocol_id[0]] == list(beside.protocol_id[beside.model_id == "org/a"])
