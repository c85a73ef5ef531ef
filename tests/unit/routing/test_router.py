"""From responses to a verdict on a router."""

import dataclasses
import sys

import numpy as np
import pytest
from made_up import TOPICS, made_ladder, per_item

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.routing.classifier import text_classifier
from complexity_atlas.experiments.routing.evaluate import evaluate, oracle, send_above
from complexity_atlas.experiments.routing.labels import majority_labels
from complexity_atlas.experiments.routing.ladder import long_view, make_ladder
from complexity_atlas.experiments.routing.repeated import compare_trials
from complexity_atlas.experiments.routing.settings import RoutingSettings, settings_from_config
from complexity_atlas.experiments.routing.study import route, source_problem
from complexity_atlas.experiments.routing.tables import CONTRACTS
from complexity_atlas.scores.per_item import merge, parser

SETTINGS = RoutingSettings()
COST = {"weak": 1.0, "strong": 4.0}


def row(ladder, settings=SETTINGS):
    return evaluate(ladder, settings).evaluation.iloc[0]


def test_the_long_view_has_a_row_per_attempt():
    data = per_item({"weak": "021", "strong": "332"}, attempts=3)
    view = long_view(data.items, data.responses, COST, 0.5, seed=1)
    assert len(view) == 3 * 2 * 3
    right = view.groupby(["text", "model"])["correct"].sum().unstack()
    assert right["weak"].tolist() == [0, 2, 1]
    assert right["strong"].tolist() == [3, 3, 2]
    assert set(zip(view["model"], view["cost"], strict=True)) == set(COST.items())
    again = long_view(data.items, data.responses.sample(frac=1, random_state=2), COST, 0.5, seed=1)
    assert again.equals(view)


def test_cells_that_were_never_run_are_no_failures():
    data = per_item({"weak": "1-0", "strong": "111"})
    view = long_view(data.items, data.responses, COST, 0.5, seed=0)
    ladder = make_ladder("made up", view)
    assert len(ladder.items) == 2
    assert ladder.left_out == 1
    assert ladder.quality.mean(axis=0).tolist() == [0.5, 1.0]


def test_a_model_that_never_ran_is_refused_with_the_reason():
    data = per_item({"weak": "---", "strong": "111"})
    with pytest.raises(AtlasError, match="weak has no answers that count: never run"):
        long_view(data.items, data.responses, COST, 0.5, seed=0)
    with pytest.raises(AtlasError, match="found are strong, weak"):
        long_view(data.items, data.responses, {"other": 1.0}, 0.5, seed=0)


def test_models_stand_in_order_of_cost(data):
    view = long_view(data.items, data.responses, {"weak": 5.0, "strong": 2.0}, 0.5, seed=0)
    assert make_ladder("made up", view).models == ("strong", "weak")


def test_no_problem_is_on_both_sides(ladder):
    classifier = text_classifier(ladder.text, ladder.group, SETTINGS)
    tested = np.concatenate([fold.test for fold in classifier.folds])
    assert sorted(tested) == list(range(len(ladder.items)))
    for fold in classifier.folds:
        assert not set(ladder.group[fold.train]) & set(ladder.group[fold.test])


def test_what_a_single_problem_tells_is_not_found_in_others(ladder):
    """Texts name their problem only: across problems there is nothing to learn."""
    texts = tuple(f"problem{g}" for g in ladder.group)
    labels = np.asarray(ladder.group) % 2
    found = text_classifier(texts, ladder.group, SETTINGS).predict(labels, 2)
    assert (found.argmax(axis=1) == labels).mean() < 0.7


def test_a_router_that_can_read_beats_the_best_single_model(ladder):
    found = row(ladder, RoutingSettings(unsolved="weakest"))
    assert found.label_accuracy == 1
    assert found.label_low == pytest.approx(0.969, abs=0.001)
    assert found.majority_share == 0.25
    # Three of four topics are solved by the strongest: as many as by the router, which is cheaper.
    assert found.accuracy == found.best_accuracy == found.oracle_accuracy == 0.75
    assert found.verdict == "does not beat"
    assert found.saving == pytest.approx(1 - (1 + 3 + 10 + 1) / 40)
    assert found.cost == found.oracle_cost
    # With the strongest one weak at sums, reading pays.
    correct = ladder.correct.copy()
    correct[::4, 2] = False
    assert row(dataclasses.replace(ladder, correct=correct)).verdict == "beats"


def test_a_router_that_cannot_read_is_reported_as_such():
    rng = np.random.default_rng(3)
    ladder = dataclasses.replace(
        made_ladder(400),
        text=("the same words",) * 400,
        correct=rng.random((400, 3, 1)) < np.array([0.5, 0.6, 0.8])[:, None],
    )
    found = row(ladder)
    assert found.verdict != "beats"
    assert found.label_accuracy == pytest.approx(found.majority_share, abs=0.05)
    assert found.gain == pytest.approx(found.accuracy - found.best_accuracy)
    assert found.gain_low <= found.gain <= found.gain_high


def test_the_oracle_is_the_union():
    rng = np.random.default_rng(0)
    ladder = dataclasses.replace(made_ladder(200), correct=rng.random((200, 3, 1)) < 0.4)
    accuracy, cost = oracle(ladder)
    union = [any(item) for item in ladder.correct[:, :, 0].tolist()]
    assert accuracy == np.mean(union)
    assert 1 < cost < 10


def test_thresholds_lead_from_all_weak_to_all_strong(ladder):
    labels = majority_labels(ladder.correct, ladder.models, "strongest")
    probability = np.random.default_rng(0).dirichlet(np.ones(4), size=len(ladder.items))
    sent = [send_above(probability, labels, t).mean() for t in (0, 0.3, 0.6, 0.9, 2)]
    assert sent == sorted(sent)
    assert (sent[0], sent[-1]) == (0, 2)


def test_items_without_text_are_labelled_and_not_routed(ladder):
    found = row(dataclasses.replace(ladder, text=("",) * len(ladder.items)))
    assert "no text" in found.note
    assert np.isnan(found.accuracy)
    assert found.verdict == ""
    assert found.oracle_accuracy == 0.75


def test_five_trials_are_asked_for_the_five_trial_label():
    assert len(evaluate(made_ladder(trials=4), SETTINGS).evaluation) == 1
    found = evaluate(made_ladder(trials=5), SETTINGS)
    assert set(found.evaluation.labels) == {"one trial", "five trials"}
    confusion = found.confusion[found.confusion.labels == "five trials"]
    assert confusion.n.sum() == 120
    assert len(confusion) == 25


def test_more_trials_come_nearer_to_the_true_labels():
    rng = np.random.default_rng(1)
    ladder = made_ladder(200, trials=10)
    probability = np.clip(ladder.quality * 0.5 + 0.25, 0, 1)
    draws = rng.random(ladder.correct.shape) < probability[:, :, None]
    found = compare_trials(dataclasses.replace(ladder, correct=draws), probability, SETTINGS)
    assert found.trials.tolist() == [1, 3, 5, 10]
    assert found.n_labellings.tolist() == [3, 3, 2, 1]
    assert found.agreement.is_monotonic_increasing
    assert found.agreement.iloc[-1] > 0.75
    assert (found.accuracy <= found.attainable + 1e-9).all()


def test_a_study_without_ladders_has_empty_tables():
    tables = route([], SETTINGS)
    assert set(tables) == set(CONTRACTS)
    assert all(table.empty for table in tables.values())


def test_models_of_a_source_are_listed_with_their_flags():
    data = per_item({"weak": "1011", "strong": "1111", "idle": "----"})
    models = source_problem("s", data, COST, SETTINGS).models.set_index("model")
    assert models.loc["idle", "flag"] == "never run"
    assert models.loc["idle", "n_evaluated"] == 0
    assert np.isnan(models.loc["idle", "accuracy"])
    assert models.loc["weak", "accuracy"] == 0.75


def test_embeddings_say_what_they_need(ladder, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    settings = RoutingSettings(classifier="sentence_embedding", embedding="model")
    with pytest.raises(AtlasError, match="needs the package sentence-transformers"):
        text_classifier(ladder.text, ladder.group, settings)


def test_embeddings_are_used_where_they_are(ladder, monkeypatch):
    class SentenceTransformer:
        def __init__(self, location, revision, device):
            assert (location, revision) == ("some/model", "c0ffee")

        def encode(self, texts):
            return np.array([[topic in text for topic in TOPICS] for text in texts], float)

    module = type(sys)("sentence_transformers")
    module.SentenceTransformer = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    settings = RoutingSettings(classifier="sentence_embedding", embedding="some/model@c0ffee")
    assert row(ladder, settings).label_accuracy == 1


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"classifier": "oracle"}, "use tfidf or sentence_embedding"),
        ({"folds": 1}, "at least 2"),
        ({"trials": []}, "whole numbers"),
        ({"correct_from": 0}, "above 0"),
        ({"unsolved": "middle"}, "use strongest or weakest"),
        ({"router": 1}, "router is not a setting"),
    ],
)
def test_bad_settings_are_named(section, message):
    with pytest.raises(AtlasError, match=message):
        settings_from_config(section)


@pytest.mark.slow
def test_a_router_on_published_results(shared):
    folder = shared / "data/scores/per_item/llmrouter/dcrouter_preprocessed"
    parse = parser("llm_router")
    data = merge([parse(path.read_bytes(), path.name) for path in sorted(folder.glob("*.json"))])
    cost = {
        "gemma-2-9b-it": 0.1,
        "llama-3.1-8b-instruct": 0.2,
        "llama-3.1-nemotron-51b-instruct": 0.9,
    }
    problem = source_problem("llm_router", data, cost, SETTINGS)
    found = row(problem.ladder)
    assert (found.n_items, found.left_out) == (5960, 24)
    # Known of these data: between 7 and 81 % solved by none, labels that are not nested in 4-39 %.
    assert 0.07 < found.unsolved < 0.81
    assert 0.04 < found.not_nested < 0.39
    # Text tells something of who is needed, and not enough to beat the largest model.
    assert found.label_low > found.majority_share
    assert found.apgr > 0.6
    assert found.verdict == "loses to"
    assert found.saving > 0.5
