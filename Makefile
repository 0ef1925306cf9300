# `make help` says what there is. Everything runs in .venv, which is made when it is first needed.

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet
LOCK := --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --python-version 3.11 --quiet
UV := uv==0.13.9

INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help up demo test check bench chaos lock clean

help: ## This list
	@echo "make ..."
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile | expand -t 12

up: $(INSTALLED) ## Start everything, run an example, and serve until Ctrl-C
	@$(RUN) -m config.stack up

demo: $(INSTALLED) ## Start everything, run an example, print its result, and stop
	@$(RUN) -m config.stack demo

test: $(INSTALLED_DEV) ## All tests, on SQLite and on PostgreSQL
	@.ci/test $(PYTEST_ARGS)

check: $(INSTALLED_DEV) ## Style, format and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy .

bench: $(INSTALLED_DEV) ## Measure what a step, a fork and a start cost
	@$(RUN) -m tests.benchmarks

chaos: $(INSTALLED_DEV) ## Kill processes at random and look for what was lost or done twice
	@UPBEAT_CHAOS=long .ci/test-folders tests/chaos -s $(PYTEST_ARGS)

lock: | $(RUN) ## Newest versions that requirements*.txt allow, with hashes, into requirements*.lock
	@$(PIP) install $(UV)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(RUN) -m uv pip compile $(LOCK) --upgrade requirements-dev.txt -o requirements-dev.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(RUN) -m uv pip compile $(LOCK) --upgrade requirements.txt -c requirements-dev.lock -o requirements.lock

clean: ## Remove .venv and caches; the data folder (.data) stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Upbeat needs Python 3.11 or newer; name one with: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): requirements.lock | $(RUN)
	@echo "Installing packages into $(VENV): once, and again when requirements.lock changes"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# after the other, never beside it: two pips in one folder get into each other's way
$(INSTALLED_DEV): requirements-dev.lock $(INSTALLED)
	@echo "Installing packages for checks and tests into $(VENV): once, and again when requirements-dev.lock changes"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
