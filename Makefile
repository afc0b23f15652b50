# What a person runs. Everything happens in $(VENV); nothing is installed anywhere else.
#   make demo    caption the demo scene and say where the results are
#   make test    the whole test suite, as .ci/run does
#   make lint    style and formatting;  make types: the type checker
#   make docs    write the generated pages and the JSON schema anew;  make pictures: the manual's pictures
#   make bench   measure this machine

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
OUT ?= out/demo
BIN := $(VENV)/bin

.PHONY: demo test lint types format docs pictures bench clean help
.DEFAULT_GOAL := help

help:
	@sed -n '2,6p' Makefile | sed 's/^# *//'

# One stamp per set of extras, so that `make demo` does not wait for the test tools.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Scenecap needs Python 3.10 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python -m venv failed; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }

$(VENV)/.capture: pyproject.toml | $(VENV)/bin/python
	@echo "installing scenecap[capture] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[capture]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	@echo "installing scenecap[capture,guardrails,models,ray,remote,rerun,verify,test] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[capture,guardrails,models,ray,remote,rerun,verify,test]'
	@touch $@ $(VENV)/.capture

$(VENV)/.dev: pyproject.toml $(VENV)/.test
	@echo "installing scenecap[dev] into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.capture
	@$(BIN)/scenecap run config/demo.yaml --out $(OUT)

test: $(VENV)/.test
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -q

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/pyright

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.capture
	@$(BIN)/python scripts/generate_docs.py

pictures: $(VENV)/.test
	@$(BIN)/python scripts/make_docs_pictures.py
	@$(BIN)/python scripts/make_report_pictures.py

bench: $(VENV)/.test
	@for script in scripts/bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) out build .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
