# Plain make and sh. Needs Python 3.11 or newer with venv; everything else is installed into .venv from the hashed locks.
PORT ?= 8000
WORKERS ?= 2
UV ?= uv

PY := .venv/bin/python
PIP := $(PY) -m pip --no-input --disable-pip-version-check
PIP_INSTALL := $(PIP) install --require-hashes
# The checkout itself becomes importable, and .venv/bin/market appears.
PIP_PROJECT := $(PIP) install --quiet --no-index --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.PHONY: run test test-full check format lint types openapi bench relevance lock clean

run: .venv/.run-stamp
	@exec $(PY) -m market.cli demo --port $(PORT)

test: .venv/.dev-stamp
	$(PY) -m pytest -n $(WORKERS) --dist worksteal

check: .venv/.dev-stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -n $(WORKERS) --dist worksteal

# What is too slow for every change.
test-full: .venv/.dev-stamp
	$(PY) -m pytest -n $(WORKERS) --dist worksteal -m full

format: .venv/.dev-stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lint: .venv/.dev-stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

types: .venv/.dev-stamp
	$(PY) -m mypy

# Written beside and moved, so that a failure leaves the committed file alone.
openapi: .venv/.dev-stamp
	$(PY) -m api.openapi > openapi.yaml.new
	mv openapi.yaml.new openapi.yaml

# QUICK=1 takes two minutes at most, FULL=1 adds the largest sizes.
bench: .venv/.dev-stamp
	@exec $(PY) -m bench $(if $(QUICK),--quick) $(if $(FULL),--full)

# nDCG, recall and MRR of the matches, over HTTP, beside baselines.
relevance: .venv/.dev-stamp
	@exec $(PY) -m bench.relevance

# Newer versions of what the .in files name. Needs uv; nothing else here does.
lock:
	$(COMPILE) --upgrade --output-file requirements.txt requirements.in
	$(COMPILE) --upgrade --output-file requirements-dev.txt requirements-dev.in

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info openapi.yaml.new
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The names of newer versions may stand for programs that do not work, so each is tried.
.venv/bin/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; exec $$python -m venv --clear .venv; \
	  fi; \
	done; \
	echo 'No Python 3.11 or newer with venv was found (Debian, Ubuntu: apt install python3 python3-venv).' >&2; \
	echo 'Another one can be named: make PYTHON=/path/to/python3' >&2; exit 1

.venv/.run-stamp: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP_INSTALL) -r requirements.txt
	$(PIP_PROJECT)
	@touch $@

# The development lock contains the other one whole.
.venv/.dev-stamp: requirements-dev.txt pyproject.toml | .venv/bin/python
	$(PIP_INSTALL) -r requirements-dev.txt
	$(PIP_PROJECT)
	@touch .venv/.run-stamp $@
