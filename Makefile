# `make demo` and `make test` set up all they need in .venv; they want Python 3.11+ and nothing else.
PYTHON ?= python3
EXTRAS ?= dev
BIN := .venv/bin
SHARED ?= ../shared

.PHONY: demo test lint bench docs clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo    index real photos, answer four queries, write demo/results.html"
	@echo "make test    run the whole test suite"
	@echo "make lint    ruff and mypy"
	@echo "make bench   run the benchmarks"
	@echo "make clean   remove what the other targets made"

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mirada needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/core: .venv/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/extras-$(EXTRAS): .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

demo: .venv/core
	$(BIN)/python demo/gather_photos.py
	$(BIN)/mirada index demo/photos --home demo/photos/.mirada --encoder mirada-small
	@while IFS= read -r query; do \
	  printf '\n%s\n' "$$query"; \
	  $(BIN)/mirada search "$$query" -n 5 --home demo/photos/.mirada </dev/null || exit 1; \
	done < demo/queries.txt
	@$(BIN)/mirada search --batch demo/queries.txt -n 8 --home demo/photos/.mirada \
	  --why --html demo/results.html > /dev/null
	@echo "open demo/results.html in a browser"

test: .venv/extras-$(EXTRAS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: .venv/extras-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/extras-$(EXTRAS)
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv demo/photos demo/.cache demo/results.html .mypy_cache .ruff_cache .pytest_cache
