# Two commands are all that a newcomer needs: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
ARGS   ?=

BUNDLE  := labelscope/static/widget.js
SOURCES := $(shell find js/src -type f 2>/dev/null) js/build.mjs js/package.json
# One BLAS and one torch thread a process: the tests run two processes side by side on two cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1

.PHONY: help demo test check fix build dev wheel clean chromium python js browser acceptance notebooks benchmarks

help:
	@echo "make demo                  open the quick-start notebook in JupyterLab (core + lab, no torch)"
	@echo "make demo ARGS=--headless  run the same job without a browser and print its result"
	@echo "make test                  everything: lint, types, layers, Python, JS, browser, acceptance, notebooks"
	@echo "make check                 lint, types and layers only"
	@echo "make fix                   format and mend what can be mended"
	@echo "make build                 bundle and wheel"
	@echo "make dev                   rebuild the bundle on each change"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("labelscope needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

js/node_modules/.installed: js/package-lock.json
	cd js && npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.installed

$(BUNDLE): $(SOURCES) js/node_modules/.installed
	cd js && npm run --silent build

$(VENV)/.core: $(BIN)/python pyproject.toml constraints.txt $(BUNDLE)
	$(PIP) install -q -c constraints.txt -e '.[lab]'
	touch $@

$(VENV)/.full: $(BIN)/python pyproject.toml constraints.txt $(BUNDLE)
	$(PIP) install -q -c constraints.txt -e '.[all,dev]'
	touch $@ $(VENV)/.core

demo: $(VENV)/.core
	$(BIN)/labelscope demo --folder notebooks $(ARGS)

# The same random examples on every run; each target alone draws new ones.
test: export CI = true
test: $(VENV)/.full chromium check python js browser acceptance notebooks

check: $(VENV)/.full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd js && npm run --silent lint && npm run --silent types

fix: $(VENV)/.full
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd js && npm run --silent fix

python: $(VENV)/.full
	$(ONE_THREAD) $(BIN)/python -m pytest -q -n 2 --dist loadfile tests --ignore tests/browser --ignore tests/acceptance --ignore tests/benchmarks --durations 8

js: js/node_modules/.installed
	cd js && npm test --silent

chromium:
	if ! command -v chromium >/dev/null; then
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo)
	  $$as_root apt-get update -qq
	  $$as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null
	fi
	command -v chromium >/dev/null || { echo "the browser tests need Debian's chromium" >&2; exit 1; }

browser: $(VENV)/.full chromium
	$(ONE_THREAD) $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/browser --durations 8

acceptance: $(VENV)/.full
	$(ONE_THREAD) $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/acceptance --durations 8

notebooks: $(VENV)/.full
	$(ONE_THREAD) $(BIN)/python -m pytest -q -n 2 --nbmake --nbmake-timeout 240 notebooks

benchmarks: $(VENV)/.full
	for file in tests/benchmarks/bench_*.py; do echo "== $$file"; env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python $$file; done

build: $(BUNDLE) wheel

wheel: $(VENV)/.full
	$(BIN)/python -m build --wheel

dev: js/node_modules/.installed
	cd js && npm run dev

clean:
	rm -rf dist build $(BUNDLE) .pytest_cache .mypy_cache .ruff_cache
