# Two commands do everything on a fresh Debian 12 machine:  make demo   and   make test
# Each prepares what it needs: packages from Debian, a virtual environment, and the networks' weights.

SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.hazri-ready

# What the demo runs for: make demo FOR="--for 60 --json"
FOR ?=
# What the benchmark measures: make bench DATA=folder DPI="--dpi NAME=512"
DATA ?= $(HAZRI_DATA)/fingerprints
DPI ?=
# How long make soak uses each device, in minutes
MINUTES ?= 60
# How many processes share the tests
WORKERS ?= 3
# How many power-cut states make faults opens (the other faults in proportion), from which seed
N ?= 2000000
SEED ?= 0

.PHONY: docs help setup debian demo test lint house unit flow bench soak faults boot audit sbom lock requirements arm64 clean

help:
	@sed -n 's/^## //p' Makefile

## make demo      a district in miniature: aggregator, broker, three terminals, synthetic people
demo: setup
	$(BIN)/hazri-server demo $(FOR)

## make test      every check: style, types, imports, tests with real parts, coverage of sync
test: setup lint unit

## make setup     what both need (they call it)
setup: debian $(READY)

debian:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed"; exit 1; }
	@bash .ci/debian-packages

$(READY): pyproject.toml matching/models/manifest.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[edge,server,zk,pi,setup,docs,test]'
	$(BIN)/hazri-edge models install
	@touch $@

## make lint      ruff, mypy and the import rules
lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What fails among several workers is tried once more, alone (tests/again.py says what is not).
PYTEST := $(BIN)/python -m tests.again --workers $(WORKERS)
# The tests that reach every branch of sync. Tracing makes a test up to two thirds slower, so no others are traced.
TRACED := tests/unit/sync tests/contract/test_mqtt_link.py $(addprefix tests/unit/server/test_,carried_back.py proof.py tree.py)

unit:
	$(PYTEST) $(TRACED) --cov=sync --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100
	$(PYTEST) $(TRACED:%=--ignore=%)

## make bench     error rates and times on a folder of fingers (DATA=…)
bench: setup
	$(BIN)/hazri-edge bench fingerprint --data $(DATA) $(DPI)

## make soak      simulated use of every device, 100 sessions a minute (MINUTES=60): nothing may grow
soak: setup
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

## make faults    power cuts, kills, refusing disks, damage and forgery (N=2000000, SEED=0): nothing may be lost
faults: setup
	$(BIN)/python -m tests.faults --n $(N) --seed $(SEED)

## make requirements  every rule of the circulars, and the tests that prove it
requirements: setup
	$(BIN)/python tests/requirements.py

## make docs      the guides, the API reference and the poster as a site, every link followed (build/docs/site)
docs: setup
	$(BIN)/python -m docs.site

## make boot      boot the units under systemd-nspawn, and say which ran (needs root)
boot: setup
	@.ci/boot

## make arm64     try the terminal's package on an emulated 64-bit ARM (PACKAGE=…, needs root)
arm64:
	@bash systemd/image/arm64.sh $(PACKAGE)

## make audit     known faults in our code and in every locked package, and secrets (needs the network)
audit:
	@.ci/audit

## make sbom      what each program is made of, as CycloneDX, in build/
sbom:
	@.ci/sbom

## make lock      the versions and hashes of every package, anew (requirements/)
lock:
	@.ci/lock

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
