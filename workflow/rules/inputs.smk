"""Named functions of wildcards, for inputs and parameters of rules; no rules."""

from fnmatch import fnmatchcase

# Reviewed data that scores are curated by: keys of the configuration.
REVIEWED = "benchmarks metrics aliases corrections protocols catalogue".split()


# Functions of wildcards are called for every job, several times: a dictionary answers at once, a frame
# does not.
ROWS = {row["model"]: row for row in MODELS.to_dict("records")}


def model_specs(models):
    """What identifies the weights of models, and nothing that may change without them."""
    columns = ["model", "source", "location", "revision", "file", "sha256"]
    return json.dumps(
        [{name: ROWS[model][name] for name in columns} for model in models]
    )


def own_specs(wildcards):
    """The one model of the wildcard."""
    return model_specs([wildcards.model])


def _spectra_up_to(name):
    chosen = any(fnmatchcase(name, pattern) for pattern in config["spectra"]["models"])
    return config["spectra"]["max_weights"] if chosen else 0


def spectra_up_to(wildcards):
    """Weights of the largest tensor of a model whose spectrum is taken; 0: of none."""
    return _spectra_up_to(wildcards.model)


def spectra_up_to_of_run(wildcards):
    """The same for every network of a training run."""
    return _spectra_up_to(f"zoo-{wildcards.run}")


def local_weights(wildcards):
    """Files of a local model that exist; a missing one is a finding of the measurement."""
    row = ROWS[wildcards.model]
    return sorted(glob(row["location"])) if row["source"] == "file" else []


def model_download_mb(wildcards):
    """Disk that fetching a model needs: the downloaded file and what is unpacked from it."""
    row = ROWS[wildcards.model]
    if row["source"] == "hub" and config["weights"] == "stream":
        return 100
    size = row["bytes"]
    return 2000 if pd.isna(size) else 100 + 2 * int(size) // 1_000_000


def model_gpus(wildcards):
    """A GPU for a model whose spectra are taken; counting is as fast on the CPU."""
    return int(config["device"] != "cpu" and spectra_up_to(wildcards) > 0)


def run_model_specs(wildcards):
    """Every network of a training run."""
    return model_specs(BATCHES[f"zoo-{wildcards.run}"])


def run_spec(wildcards):
    """The settings of one training run, and nothing that belongs to others."""
    return json.dumps(asdict(ZOO_RUNS[wildcards.run]))


def run_size(wildcards):
    """The larger, the longer a run takes."""
    return ZOO_RUNS[wildcards.run].size


def models_of_batch(wildcards):
    """The models of a batch, in the order of its tables."""
    return BATCHES[wildcards.batch]


def tables_of_batch(name):
    """Input function: the file `name` of every model of a batch."""
    return lambda wildcards: expand(
        "results/models/{model}/{name}", model=BATCHES[wildcards.batch], name=name
    )


def has_parts(wildcards):
    """Whether roles and layers are measured; in the many networks of the zoo nothing asks for them."""
    return wildcards.batch in set(PUBLISHED.model)


def routing_files(wildcards):
    """The files of per-item results of a source."""
    source = ROUTING_SOURCES[wildcards.routing_source]
    return [project_file(name) for name in source["files"]]


def is_focused(wildcards):
    """Whether a question fits models, which is dear, and so takes the predictors in focus only."""
    return wildcards.question not in {"raw", "size_adjusted", "power", "targets"}


def if_companions(*items):
    """What the report has only with the companion experiments."""
    return list(items) if config["companions"]["include"] else []


def if_archived(*names):
    """What only a study that is rebuilt from its archive has."""
    return list(names) if config["archived"] else []


def if_sources(*names):
    """What the study has only with sources of published scores."""
    return list(names) if config["scores"]["sources"] else []


def configured_files():
    """Every file that the configuration names."""
    return [
        config["models"],
        *config["scores"]["curated"],
        *(config["scores"][name] for name in REVIEWED + ["lock"]),
        *[name for source in ROUTING_SOURCES.values() for name in source["files"]],
    ]


def reviewed_files():
    """Files of reviewed data by their keys in the configuration."""
    return {name: project_file(config["scores"][name]) for name in REVIEWED}
