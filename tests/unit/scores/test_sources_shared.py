"""Real files of the sources, where they lie beside the project: none crashes, all are read."""

import pytest

from complexity_atlas.scores.sources import PARSERS

KINDS = {
    "boards": "arena",
    "epoch": "epoch",
    "helm": "helm",
    "hf_cards": "hub_card",
    "lmeval_v03": "harness",
    "lmeval_v04": "harness",
    "mteb": "mteb",
    "obsscaling": "obsscaling",
    "openllm": "openllm_v1_board",
    "per_item": "harness",
    "pythia": "harness",
    "timm": "timm",
    "torchvision": "torchvision",
}
SUFFIXES = {".yaml": "hub_eval_results", "timm/README.md": "markdown_tables"}


def kind_of(name):
    chosen = next((kind for end, kind in SUFFIXES.items() if name.endswith(end)), "")
    return chosen or KINDS[name.partition("/")[0]]


@pytest.fixture
def read(real):
    return lambda name: PARSERS[kind_of(name)]((real / name).read_bytes(), name)


@pytest.fixture
def real(shared):
    return shared / "data" / "scores"


def test_every_file_is_rows_or_rejects_with_a_reason(real, read):
    silent = []
    for path in sorted(real.rglob("*")):
        name = path.relative_to(real).as_posix()
        if path.is_file() and name != "MANIFEST.csv":
            parsed = read(name)
            if not (parsed.reported or parsed.rejects or parsed.attributes):
                silent.append(name)
    assert silent == []


def test_golden_obsscaling(read):
    parsed = read("obsscaling/base_llm_benchmark_eval.csv")
    assert len({r.model_raw for r in parsed.reported}) == 148
    assert len({a.value_raw for a in parsed.attributes if a.attribute == "family"}) == 47
    [llama] = [
        r.value_raw
        for r in parsed.reported
        if (r.model_raw, r.benchmark_raw) == ("meta-llama/Llama-2-7b-hf", "MMLU")
    ]
    assert llama.startswith("0.4379609636")


def test_golden_pythia(read):
    rows = read("pythia/pythia-v1/pythia-70m/zero-shot/70m_step143000.json").reported
    [sciq] = [r for r in rows if (r.benchmark_raw, r.metric_raw) == ("sciq", "acc")]
    assert float(sciq.value_raw) == 0.601
    assert (sciq.model_raw, sciq.model_revision, sciq.n_shot) == (
        "EleutherAI/pythia-v1.1-70m",
        "step143000",
        0,
    )


def test_golden_timm(read):
    rows = [r for r in read("timm/results-imagenet.csv").reported if r.metric_raw == "top1"]
    assert len(rows) == 1556
    assert len({r.model_raw for r in rows}) == 1266
    resnet = {r.filter_raw: r.value_raw for r in rows if r.model_raw == "resnet50.a1_in1k"}
    assert (resnet["img_size=224"], resnet["img_size=288"]) == ("80.382", "81.240")


def test_opts_mmlu_is_the_mean_of_57_subjects(read):
    rows = read("lmeval_v03/opt/opt-1.3b/opt-1.3b.json").reported
    subjects = [float(r.value_raw) for r in rows if r.metric_raw == "acc" and r.subtask_raw]
    [mean] = [r for r in rows if r.metric_raw == "acc" and "derived" in r.flags]
    assert len(subjects) == 57
    assert float(mean.value_raw) == pytest.approx(sum(subjects) / 57, rel=1e-12)
