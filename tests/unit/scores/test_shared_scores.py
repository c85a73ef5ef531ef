"""The real files of every locked source, curated with the project's own reviewed data."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import chosen_sources, load_catalogue, load_lock
from complexity_atlas.scores.curation import curate_reports, load_reviewed
from complexity_atlas.scores.fetch import Fetching, fetch_locked
from complexity_atlas.scores.reports import Reports, read_sources
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import FLAGS
from complexity_atlas.scores.view import analysis_view, load_protocols

SMALL = ("obsscaling", "timm", "eleuther_harness", "open_llm_v1_2023_06", "mteb", "helm", "epoch")
SOURCES = (*SMALL, "lmarena", "pythia", "pythia_v0", "open_llm_v1_2023_09")
REVIEWED = ("benchmarks", "metrics", "aliases", "corrections")


@pytest.fixture
def read(shared, project, tmp_path):
    """Reads real sources offline: reports and the sources they are of."""

    def no_network(url, _):
        raise AssertionError(f"asked the network for {url}")

    def take(*ids):
        config = project / "config" / "scores"
        chosen = chosen_sources(load_catalogue(config / "sources.yaml"), list(ids))
        local = (shared / "data" / "scores",)
        how = Fetching(RawStore(tmp_path / "raw"), local, get=no_network)
        snapshots = fetch_locked(chosen, load_lock(config / "sources.lock.yaml"), how)
        return read_sources(snapshots, chosen, how.store), chosen

    return take


@pytest.fixture
def curate(project):
    config = project / "config" / "scores"
    protocols = load_protocols(config / "protocols.yaml")
    reviewed = load_reviewed(
        {name: config / f"{name}.csv" for name in REVIEWED}, precedence=protocols.precedence
    )

    def make(reports, sources):
        result = curate_reports([], reports, sources, reviewed)
        return result, analysis_view(result.scores, reviewed.benchmarks, protocols).scores

    return make


def used(view, model, benchmark):
    rows = view[(view.model_id == model) & (view.benchmark_id == benchmark)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_published_numbers_come_out_as_printed(read, curate):
    result, view = curate(*read("obsscaling", "timm"))
    llama = used(view, "meta-llama/Llama-2-7b-hf", "mmlu")
    assert llama.value == 0.4379609636092418
    assert llama.raw_locator == "eval_results/base_llm_benchmark_eval.csv 2,6"
    ours = result.models[result.models.family != ""]
    assert (len(ours), ours.family.nunique()) == (148, 47)
    resnet = result.scores[result.scores.model_id == "timm/resnet50.a1_in1k"]
    top1 = resnet[resnet.metric_id == "accuracy"].set_index("metric_filter").value.to_dict()
    assert top1 == pytest.approx({"img_size=224": 0.80382, "img_size=288": 0.81240})
    assert used(view, "timm/resnet50.a1_in1k", "imagenet").value == pytest.approx(0.80382)
    timm = result.scores[result.scores.source_id == "timm"]
    assert (len(timm), timm.model_id.nunique()) == (2 * 1556, 1266)
    mixtral = result.models.set_index("model_id").loc["mistralai/Mixtral-8x7B-v0.1"]
    assert (mixtral.n_params, np.isnan(mixtral.n_params_total)) == (45e9, True)


def test_size_and_compute_predict_mmlu_as_they_are_known_to(read, curate):
    result, view = curate(*read("obsscaling"))
    mmlu = view[view.benchmark_id == "mmlu"].set_index("model_id").value
    models = result.models.set_index("model_id").loc[mmlu.index]
    assert len(mmlu) == 148
    assert spearmanr(models.n_params, mmlu).statistic == pytest.approx(0.68, abs=0.01)
    known = models.train_flops.notna()
    flops = spearmanr(models.train_flops[known], mmlu[known]).statistic
    assert flops == pytest.approx(0.85, abs=0.01)


@pytest.mark.slow
def test_every_source_is_curated_accounted_for_and_its_copies_are_found(read, curate):
    result, view = curate(*read(*SOURCES))
    counts = result.scores.groupby(["source_id", "status"]).n_reports.sum()
    assert set(result.rows_in) == set(SOURCES)
    assert set(";".join(result.scores["flags"]).split(";")) - {""} <= set(FLAGS)
    # OPT 1.3B stands in two repositories of one organisation, number for number.
    assert counts["pythia", "copy"] > 100
    assert counts["open_llm_v1_2023_09", "copy"] > 200
    assert used(view, "EleutherAI/pythia-70m", "sciq").value == 0.601
    assert "EleutherAI/pythia-160m-deduped--step1000" in set(view.model_id)
    assert result.scores.model_id[result.scores.source_id == "pythia_v0"].isna().all()
    five_shot = result.scores[
        (result.scores.benchmark_id == "wsc") & (result.scores.n_shot == 5)
    ].value
    assert five_shot.nunique() == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, "lmarena"])
def test_a_real_source_a_hundred_times_too_large_stops_the_run(read, curate, name):
    reports, sources = read(name)
    hundredfold = [
        f"{100 * float(v.strip(' %'))}" if _number(v) else v for v in reports.printed.value_raw
    ]
    changed = Reports(
        reports.printed.assign(value_raw=hundredfold), reports.rejects, reports.attributes
    )
    with pytest.raises(AtlasError, match=f"source {name}"):
        curate(changed, sources)


def _number(text):
    try:
        float(text.strip(" %"))
    except ValueError:
        return False
    return True
