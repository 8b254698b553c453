# `make run` and `make test` are all that is needed; each installs what it lacks into .venv and nowhere else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# The first of these that is new enough, unless given: make run PYTHON=/path/to/python3.12
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
# The tests run in so many processes.
PROCESSES ?= 2
# Where this is set, every start would compile all libraries anew, which takes three times as long.
export PYTHONDONTWRITEBYTECODE :=
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q

.PHONY: help setup run test lint bench conformance durability wheel lock env-example learn docs clean

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready-to-run  ## make the environment in .venv

run: .venv/.ready-to-run  ## serve on http://127.0.0.1:8000 with the demo shop, or the shop that .env names
	@exec $(BIN)/python server.py

test: .venv/.ready-to-test  ## run the tests; ARGS="-k name" for some
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --reruns 1 $(ARGS)

lint: .venv/.ready-to-test  ## style, types, import contracts, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_docs

bench: .venv/.ready-to-test  ## measure; prints ratios within one run
	$(BIN)/python -m benchmarks $(ARGS)

conformance: .venv/.ready-to-test  ## the official MCP conformance suite, both protocol eras
	$(BIN)/python -m tests.conformance $(ARGS)

durability: .venv/.ready-to-test  ## the long kill runs: 200 kills on each database, every line of the ledger
	DEVSKYY_LONG=1 $(BIN)/python -m pytest tests/durability/paid
	DEVSKYY_LONG=1 $(BIN)/python -m pytest tests/security/oauth/test_oauth_races.py
	$(BIN)/python -m tests.durability.paid.kills $(ARGS)

wheel: .venv/.ready-to-run  ## build dist/*.whl
	$(BIN)/uv build -q --no-build-isolation --python $(BIN)/python -o dist

lock: .venv/bin/uv  ## write requirements/*.txt anew from pyproject.toml
	$(COMPILE) --group pyproject.toml:bootstrap -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --extra three-d --extra cutout --group build -o requirements/run.txt
	$(COMPILE) pyproject.toml --extra three-d --extra cutout --extra find --group build -c requirements/run.txt -o requirements/find.txt
	$(COMPILE) pyproject.toml --all-extras --group dev -c requirements/find.txt -c requirements/bootstrap.txt -o requirements/dev.txt

env-example: .venv/.ready-to-run  ## write .env.example anew from devskyy_mcp/config
	$(BIN)/python -m scripts.env_example

learn: .venv/.ready-to-test  ## write anew what is learned of the agents' examples
	$(BIN)/python -m scripts.learn_agents

docs: .venv/.ready-to-test  ## write docs/tools.md, docs/routes.md and the README's tables anew
	$(BIN)/python -m scripts.docs_tools

clean:  ## remove the environment and what was built
	rm -rf .venv dist .ruff_cache .import_linter_cache .hypothesis

.venv/bin/uv: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "DevSkyy needs Python 3.11 or newer, and none was found." \
		"Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "DevSkyy needs Python 3.11 or newer;" \
		"$(PYTHON) is older. Name a newer one: make run PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) can't make environments: its modules venv" \
		"and ensurepip are missing. On Debian and Ubuntu they are in the package python3-venv." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/.ready-to-run: .venv/bin/uv requirements/run.txt pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.ready-to-test: .venv/.ready-to-run requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@
