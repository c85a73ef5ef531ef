from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from complexity_atlas.errors import AtlasError
from complexity_atlas.statistics.settings import Primary, Settings, settings_from_config


def test_defaults_are_the_pre_registered_choice():
    settings = settings_from_config({})
    assert settings == Settings()
    assert settings.is_pre_registered
    assert settings.smallest_effect == 0.2
    assert settings.primary == Primary("lmc", "window", "folded", "pooled", "log_n")


def test_values_of_the_configuration_are_taken():
    settings = settings_from_config({"seed": 7, "primary": {"variant": "rice"}})
    assert settings.seed == 7
    assert settings.primary.variant == "rice"
    assert settings.primary.measure == "lmc"
    assert not settings.is_pre_registered


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"resample": 10}, "statistics.resample is not a setting"),
        ({"primary": {"mesure": "lmc"}}, "statistics.primary.mesure is not a setting"),
        ({"primary": "lmc"}, "statistics.primary is 'lmc'"),
        ({"primary": {"covariates": "log_d"}}, "statistics.primary.covariates is 'log_d'"),
        ({"primary": {"view": None}}, "statistics.primary.view is None"),
        ({"confidence": 95}, "statistics.confidence is 95"),
        ({"confidence": float("nan")}, "statistics.confidence is nan"),
        ({"resamples": 5000.0}, "statistics.resamples is 5000.0"),
        ({"seed": True}, "statistics.seed is True"),
        ({"smallest_effect": "0.2"}, "statistics.smallest_effect is '0.2'"),
    ],
)
def test_a_bad_key_or_value_is_named(config, key):
    with pytest.raises(AtlasError, match=key):
        settings_from_config(config)


PROJECT = Path(__file__).parents[3]
SCHEMA = PROJECT / "workflow/schemas/config.schema.yaml"


def test_every_setting_can_be_configured_and_is_explained():
    known = yaml.safe_load(SCHEMA.read_text())["properties"]["statistics"]["properties"]
    defaults = {field.name: field.default for field in fields(Settings)}
    # The seed of the study is that of its statistics.
    del defaults["seed"]
    assert set(known) == set(defaults)
    explained = (PROJECT / "config/README.md").read_text()
    for name, default in defaults.items():
        assert f"`statistics.{name}`" in explained
        assert known[name]["default"] == ({} if name == "primary" else default)


def test_the_default_study_is_pre_registered():
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    settings = settings_from_config(config["statistics"] | {"seed": config["seed"]})
    assert settings == Settings()
