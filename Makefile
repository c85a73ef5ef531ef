# `make results` and `make test` set everything up by themselves; `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
INSTALLED := .venv/.installed
SNAKEMAKE := $(BIN)/snakemake

.PHONY: help install results plan prefetch companions companions-full archive reproduce test test-all test-slurm lint format benchmark clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(INSTALLED) ## Create .venv from the lock

$(INSTALLED): envs/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "$(PYTHON) lacks venv; install it (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

results: $(INSTALLED) ## Run the default study; ARGS are passed to Snakemake
	@$(BIN)/python workflow/scripts/clear_stale_lock.py
	$(SNAKEMAKE) --cores $(CORES) --rerun-incomplete $(ARGS)

plan: $(INSTALLED) ## Say what would be fetched and run, and fetch and run nothing
	@$(BIN)/python -m complexity_atlas plan
	@$(SNAKEMAKE) --dry-run --quiet rules $(ARGS)

companions: $(INSTALLED) ## Run the companion experiments
	@$(BIN)/python workflow/scripts/clear_stale_lock.py
	$(SNAKEMAKE) --cores $(CORES) --rerun-incomplete $(ARGS) -- companions

companions-full: $(INSTALLED) ## Check a superposition network on every input
	@$(BIN)/python workflow/scripts/clear_stale_lock.py
	$(SNAKEMAKE) --cores $(CORES) --rerun-incomplete $(ARGS) -- companions companions_full

prefetch: $(INSTALLED) ## Fill the caches with every network's files, for machines without a network
	@$(BIN)/python workflow/scripts/clear_stale_lock.py
	$(SNAKEMAKE) --cores $(CORES) --rerun-incomplete $(ARGS) -- prefetch

archive: $(INSTALLED) ## Pack counts, scores and settings of results/ into one file for a reviewer
	@$(BIN)/python -m complexity_atlas archive

reproduce: $(INSTALLED) ## Rebuild every table and figure from ARCHIVE=file and compare
	@test -n "$(ARCHIVE)" || { echo "name the archive: make reproduce ARCHIVE=path/to/archive.tar"; exit 1; }
	@$(BIN)/python -m complexity_atlas unpack "$(ARCHIVE)"
	@$(BIN)/python workflow/scripts/clear_stale_lock.py
	$(SNAKEMAKE) --cores $(CORES) --configfile results/archived/config.yaml $(ARGS)
	@$(BIN)/python -m complexity_atlas verify

test: $(INSTALLED) ## Run the tests that take seconds
	$(BIN)/python -m pytest -n $(if $(filter all,$(CORES)),auto,$(CORES)) --dist worksteal -m "not slow and not slurm" $(ARGS)

test-all: $(INSTALLED) ## Run every test
	$(BIN)/python -m pytest -n $(if $(filter all,$(CORES)),auto,$(CORES)) --dist worksteal -m "not slurm" $(ARGS)

test-slurm: $(INSTALLED) ## Run a tiny study through a Slurm on loopback; needs root, slurmctld, slurmd and munge
	$(BIN)/python -m pytest tests/slurm $(ARGS)

lint: $(INSTALLED) ## Check style of code and rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check --compact-diff Snakefile workflow
	$(SNAKEMAKE) --lint

format: $(INSTALLED) ## Rewrite code and rules in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

benchmark: $(INSTALLED) ## Measure speed and memory against what else one could use
	$(BIN)/python benchmarks/counting.py
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/spectra.py
	$(BIN)/python benchmarks/questions.py
	$(BIN)/python benchmarks/curation.py

clean: ## Remove results, keeping downloaded files and the environment
	rm -rf results .snakemake
