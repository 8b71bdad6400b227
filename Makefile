# Every target makes its own environment: Python 3.11 or newer with venv is all that must be there.

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .uv/bin/uv
SYNC := UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --frozen --inexact --python "$(PYTHON)"
BIN := .venv/bin

.PHONY: demo run test check format bench soak docs clean

# `make demo SERVER=livekit` starts a livekit-server from the PATH, and lets LiveKit's own clients into its rooms.
SERVER := memory

demo: .venv/.$(if $(filter livekit,$(SERVER)),clients,runs)  ## try the bot offline; at no terminal it plays the tour
	@$(BIN)/showcaller demo --server $(SERVER)

run: .venv/.runs  ## run against real Slack, with the settings of the environment and .env
	@$(BIN)/showcaller run

test: .venv/.tests  ## all tests; those that need an outside server skip with a line on how to get it
	@$(BIN)/python -m pytest

check: .venv/.tests  ## format, lint, types, import rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.tests  ## put the format right
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: .venv/.tests  ## measure beside named baselines, in one run
	@$(BIN)/python -m bench

soak: .venv/.tests  ## kill real bots at random moments, a hundred times, and look at what is left
	@$(BIN)/python -m tests.soak --rounds 100 --replicas 10 --at-once 2

docs: .venv/.tests  ## write the pages of docs/ that are made from the code
	@$(BIN)/python -m docs.generate

clean:  ## remove the environments and caches
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/.runs: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --no-dev --extra demo
	@touch $@

.venv/.clients: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --no-dev --extra demo-livekit
	@touch $@ .venv/.runs

.venv/.tests: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --all-extras --all-groups
	@touch $@ .venv/.runs .venv/.clients

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with make PYTHON=...")'
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
