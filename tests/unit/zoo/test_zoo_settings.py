import dataclasses

import pytest

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.settings import ZooSettings


def test_default_zoo_is_thirty_runs_with_about_180_checkpoints():
    runs = ZooSettings().runs
    assert len({run.name for run in runs}) == 30
    assert sum(len(run.checkpoints) for run in runs) == 180
    assert all(run.characters(run.steps) == 640_000 for run in runs)


def test_number_type_is_crossed_with_family():
    dtypes = {(run.family, run.dtype) for run in ZooSettings().runs}
    assert len(dtypes) == 6


def test_longest_runs_come_first():
    sizes = [run.size for run in ZooSettings().runs]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1000, (0, 10, 30, 100, 300, 1000)), (25, (0, 10, 25)), (10, (0, 10)), (3, (0, 3))],
)
def test_checkpoints_are_spaced_in_ratio_and_end_with_the_run(steps, expected):
    run = dataclasses.replace(ZooSettings().runs[0], steps=steps)
    assert run.checkpoints == expected


def test_every_saved_network_has_its_own_name():
    runs = ZooSettings().runs
    models = [run.model(step, control) for run in runs for step, control in run.networks]
    assert len(set(models)) == len(models) == 30 * 8
    assert all(set(model) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for model in models)


def test_changing_one_size_leaves_the_other_runs_as_they_were():
    before = set(ZooSettings(sizes=(10_000, 20_000)).runs)
    after = set(ZooSettings(sizes=(10_000, 30_000)).runs)
    assert {run.size for run in before & after} == {10_000}
    assert len(before & after) == len(before) / 2


def test_config_lists_become_settings():
    settings = ZooSettings.from_config({"sizes": [2000], "steps": 10, "characters": 6400})
    assert settings.sizes == (2000,)
    assert settings.families == ZooSettings().families


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"size": 5}, r"zoo\.size is not a setting; known are families"),
        ({"families": ["cnn"]}, r"zoo\.families is \['cnn'\]; use some of transformer, lstm, mlp"),
        ({"families": "lstm"}, r"zoo\.families is 'lstm'; give a list"),
        ({"sizes": []}, r"zoo\.sizes"),
        ({"sizes": [10_000, 10_000]}, r"zoo\.sizes .* duplicates"),
        ({"sizes": [1.5]}, r"zoo\.sizes"),
        ({"seeds": [True]}, r"zoo\.seeds"),
        ({"dtypes": ["float64"]}, r"zoo\.dtypes"),
        ({"sources": ["web"]}, r"zoo\.sources"),
        ({"steps": 0}, r"zoo\.steps is 0; give a whole number from 1"),
        ({"characters": 640_001}, r"zoo\.characters is 640001; .* 64,000"),
        ({"window": 8}, r"zoo\.window"),
        ({"test_share": 0.9}, r"zoo\.test_share"),
        ({"cloze_items": 6}, r"zoo\.cloze_items is 6; give a multiple of 4"),
        ({"cloze_trials": None}, r"zoo\.cloze_trials"),
    ],
)
def test_a_bad_key_or_value_is_named(config, message):
    with pytest.raises(AtlasError, match=message):
        ZooSettings.from_config(config)
