"""The parts that a study may have beside its models and curated scores, in a tiny form."""

import json

import yaml

ZOO = {
    "include": True,
    "families": ["transformer", "mlp"],
    "sizes": [8000],
    "seeds": [0, 1],
    "steps": 30,
    "characters": 30 * 32 * 4,
    "window": 32,
    "sources": ["topics"],
    "test_windows": 40,
    "cloze_items": 40,
    "cloze_trials": 2,
}
RUNS = {f"{family}-8000-seed{seed}" for family in ZOO["families"] for seed in ZOO["seeds"]}

COMPANIONS = {
    "include": True,
    "superposition": {
        "bits": [2, 16],
        "features": [256, 320],
        "sampled_pairs": 100,
        "example": {"features": 256, "channel": 17},
        "trained": {"features": [16], "neurons": [4], "steps": 3},
    },
    "head_tuning": {
        "samples": 20,
        "states": 4,
        "widths": [5, 15, 40],
        "repetitions": 3,
        "heads": {"samples": 20, "widths": [5, 20, 60], "repetitions": 3},
    },
    "routing": {
        "sources": {
            "made_up": {
                "format": "llm_router",
                "files": ["answers.json"],
                "cost": {"small": 1, "large": 10},
            }
        }
    },
}
ANSWERS = [
    {
        "question": f"{topic} about {topic}{i}",
        "scores": {"small": int(topic == "sum"), "large": 1, "idle": 0},
    }
    for i in "abcdefghijkl"
    for topic in ("sum", "proof")
]


def add_zoo(study, benchmarks: str) -> None:
    """A zoo of four runs; `benchmarks` is the table that knows what its networks are asked."""
    with open(study / "benchmarks.csv", "a") as file:
        file.writelines(row for row in benchmarks.splitlines(True) if row.startswith("zoo_"))
    study.configure(zoo=ZOO)


def add_companions(study) -> None:
    (study / "answers.json").write_text(json.dumps(ANSWERS))
    study.configure(companions=COMPANIONS)


def add_source(study, models: list[str]) -> None:
    """A source of scores that reports otherwise than the curated file, and by other shots."""
    folder = study / "lab"
    folder.mkdir()
    for i, name in enumerate(models):
        config = {"model_args": f"pretrained={name}", "num_fewshot": 5}
        results = {"quiz": {"acc": 0.41 + 0.061 * i, "acc_stderr": 0.02}, "riddle": {"acc": 1}}
        (folder / f"{name}.json").write_text(json.dumps({"results": results, "config": config}))
    entry = {"name": "Lab", "kind": "harness", "licence": "MIT", "path": "lab", "files": ["*"]}
    (study / "sources.yaml").write_text(yaml.safe_dump({"lab": entry}))
    protocols = {"precedence": ["lab"], "benchmarks": {"quiz": {"metric_id": "accuracy"}}}
    (study / "protocols.yaml").write_text(yaml.safe_dump(protocols))
    study.configure(
        scores={"sources": ["lab"], "catalogue": "sources.yaml", "protocols": "protocols.yaml"}
    )
