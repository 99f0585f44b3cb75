# Two commands: `make run` and `make test`.  `make` alone lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Half of the tests' time is waiting for servers.
WORKERS ?= 3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WARM := $(VENV)/.warm
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.installed
KERNELS := $(wildcard services/grid_partition/engine/*.py services/grid_partition/engine/kernels/*.py)

# uv installs in seconds what takes pip a minute; the lock file brings it along.
UV_ONLY := awk '/^[a-z]/ {ours = /^uv==/} ours' requirements.lock
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes
install = { command -v uv >/dev/null || { $(UV_ONLY) >$(VENV)/uv.lock && $(BIN)/python $(PIP) -r $(VENV)/uv.lock; }; } \
  && PATH="$$PATH:$(abspath $(BIN))" uv pip install --quiet --compile-bytecode --python $(1) --require-hashes -r $(2) \
  || { echo "uv could not; pip tries"; $(1) $(PIP) -r $(2); }

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types imports openapi problems lock demo bench clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'
	@echo "  make run takes PORT=8080, VAR=var (the folder of its data) and DEMO=0 (start empty)"

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (found: $$($(PYTHON) --version 2>&1)); name one: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the packages of requirements.lock into $(VENV)"
	@$(call install,$(BIN)/python,requirements.lock)
	@touch $@

$(WARM): $(STAMP) $(KERNELS)
	@echo "compiling the engine (under a minute, after changes of it only)"
	@$(BIN)/python -c 'from services.grid_partition.engine import warm_up; warm_up()'
	@touch $@

setup: $(WARM) ## make the environment in .venv from the lock file

run: $(WARM) ## start everything; the first start makes a demo district
	@PORT="$(PORT)" VAR="$(VAR)" DEMO="$(DEMO)" exec $(BIN)/python -m infra.dev

test: $(STAMP) ## checks, then every test; ARGS="-k words" for some
	@$(MAKE) --no-print-directory -j2 check $(WARM)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(ARGS)

check: lint types imports ## everything that reads the code without running it

lint: $(STAMP) ## formatting and lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

imports: $(STAMP) ## the walls between the parts
	@$(BIN)/lint-imports --no-logo

openapi: $(STAMP) ## write docs/openapi/*.json and docs/problems.md from the code
	$(BIN)/python -m infra.contract

problems: openapi ## the same: problems.md comes with the contracts

lock: $(STAMP) ## resolve the dependencies anew into the two lock files
	$(BIN)/uv pip compile pyproject.toml --extra embedded --extra gateway --extra registry \
	  --extra partition --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra bench --constraint requirements.lock \
	  --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade --quiet -o requirements-bench.lock

demo: $(STAMP) ## write the demo district's files to OUT (var/demo); SEED=630102
	$(BIN)/python -m infra.demo.generate $(or $(OUT),var/demo) --seed $(or $(SEED),630102)

$(BENCH_STAMP): requirements-bench.lock $(STAMP)
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@echo "installing the packages of requirements-bench.lock into $(BENCH_VENV)"
	@$(call install,$(BENCH_VENV)/bin/python,requirements-bench.lock)
	@touch $@

# Only the partition has peers in an environment of their own.
bench: $(WARM) $(if $(filter registry,$(PART)),,$(BENCH_STAMP)) ## measure PART=partition or registry; ARGS="--quick", "--only race", "--page"
	$(BIN)/python -m tests.bench $(or $(PART),partition) $(ARGS)

clean: ## remove what make made, but not var/
	rm -rf $(VENV) $(BENCH_VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
