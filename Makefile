# Everything a developer needs; `make` lists it. Works on a fresh clone with Python >= 3.11 and Node.js >= 20.19.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
STAMPS := .stamps
CHECKED := $(wildcard src tests bench docs hatch_build.py)

export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help install page demo test test-web test-python chromium check soak bench docs lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMPS)/python page  ## the environment in .venv and the page; quick when nothing changed

$(STAMPS)/python: pyproject.toml uv.lock | $(BIN)/uv
	$(BIN)/uv sync --frozen --inexact --quiet
	@mkdir -p $(STAMPS) && touch $@

# the newest Python that is installed and works; a shim of pyenv may exist without a Python behind it
$(BIN)/uv:
	@python=$${PYTHON:-$$(for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	  if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then echo $$name; break; fi; done)}; \
	if [ -z "$$python" ]; then \
	  echo "Python >= 3.11 with venv is needed (Debian: apt-get install python3 python3-venv)." >&2; exit 1; fi; \
	echo "$$python -m venv $(VENV)"; "$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

page: $(STAMPS)/python  ## the page into the package, if its sources changed
	@$(BIN)/python hatch_build.py

demo: install  ## annotate example sentences in the browser
	$(BIN)/tallymark demo

test: install chromium test-web test-python  ## every test and the coverage gate

test-web: $(STAMPS)/python
	$(BIN)/python hatch_build.py npm test

# hashing, queue and store hold 100 % branch coverage
test-python: install chromium
	$(PYTEST) -n 3 --dist worksteal -m "not soak" --durations=25 \
	  --cov=tallymark.hashing --cov=tallymark.queue --cov=tallymark.store --cov-branch \
	  --cov-report=term-missing:skip-covered --cov-fail-under=100

# without a screen's part where there is such a package: quicker
chromium:
	@if command -v chromium-headless-shell || command -v chromium || command -v chromium-browser \
	  || command -v google-chrome; then exit 0; fi >/dev/null; \
	if ! command -v apt-get >/dev/null; then \
	  echo "The browser tests need Chromium; install it so that 'chromium' is on PATH." >&2; exit 1; fi; \
	if [ "$$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root=sudo; else \
	  echo "The browser tests need Chromium: sudo apt-get install chromium" >&2; exit 1; fi; \
	install="$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq"; \
	$$root apt-get update -qq && { $$install chromium-headless-shell || $$install chromium; }

check: $(STAMPS)/python  ## lint, format, types, imports, and the page's own checks
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py npm run check
	$(BIN)/python hatch_build.py npm test

soak: install  ## long random runs against the model of the queue, and under kills (TALLYMARK_SOAK_KILLS=100)
	$(PYTEST) -n 2 -m soak

bench: install  ## speeds, as ratios
	@for script in $(sort $(wildcard bench/*.py)); do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

docs: $(STAMPS)/python  ## the reference, written anew from the code
	$(BIN)/python docs/reference/generate.py

lock: $(BIN)/uv  ## uv.lock after a change in pyproject.toml
	$(BIN)/uv lock --default-index https://pypi.org/simple

clean:  ## remove everything that can be made again
	rm -rf $(VENV) $(STAMPS) web/node_modules src/tallymark/server/static dist build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
