# What each does: make help, and README.md
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
PY := $(VENV)/bin/python
CODE := crm agents leads calls bench conftest.py manage.py

.PHONY: help run test e2e lint format types migrations deploy-check bench bench-large clean clean-all

help:
	@echo "make run      the whole product on http://127.0.0.1:8000 (PORT=8001 make run for another port)"
	@echo "make test     the test suite"
	@echo "make e2e      the pages in a real browser"
	@echo "make lint     style, imports, templates, migrations; make format puts style right"
	@echo "make types    mypy"
	@echo "make bench    the benchmarks, on PostgreSQL (make bench-large: with a million leads)"
	@echo "make clean    remove caches (make clean-all: also .venv and the data under var/)"

# --- The environment: a stamp file holds which requirements are installed ------------------------------------------

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older (choose with PYTHON=...)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the product needs (about a minute, once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what developing it needs (a minute or two, once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run

# PDF is laid out with pango: installed where that is allowed, else named; all else works without it.
PANGO := libpango-1.0-0 libpangoft2-1.0-0
$(VENV)/.pango: | $(VENV)/bin/python
	@if $(PY) -c 'import ctypes; ctypes.CDLL("libpangoft2-1.0.so.0")' 2>/dev/null; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null 2>&1 \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PANGO) >/dev/null 2>&1; then touch $@; \
	else echo "PDF exports need system libraries that are not here: apt-get install $(PANGO)"; fi

# --- Running -------------------------------------------------------------------------------------------------------

run: $(VENV)/.run $(VENV)/.pango
	@exec $(PY) manage.py up

# --- Checking ------------------------------------------------------------------------------------------------------

test: $(VENV)/.dev $(VENV)/.pango
	@exec $(PY) -m crm.core.testing.suites $(ARGS)

e2e: $(VENV)/.dev
	@exec $(PY) -m crm.core.testing.browser $(ARGS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/ruff format --check $(CODE)
	@find templates -name '*.html' -print0 | xargs -0 $(VENV)/bin/djade --target-version 5.2 --check
	$(VENV)/bin/lint-imports
	@$(MAKE) --no-print-directory migrations
	$(PY) manage.py check

migrations: $(VENV)/.dev
	$(PY) manage.py makemigrations --check --dry-run

deploy-check: $(VENV)/.dev
	@$(PY) -m crm.core.testing.deploy_check

bench: $(VENV)/.dev
	@exec $(PY) -m bench $(ARGS)

bench-large: $(VENV)/.dev
	@exec $(PY) -m bench --leads 1000000 $(ARGS)

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix $(CODE)
	$(VENV)/bin/ruff format $(CODE)
	find templates -name '*.html' -print0 | xargs -0 $(VENV)/bin/djade --target-version 5.2

types: $(VENV)/.dev
	$(VENV)/bin/mypy crm agents leads calls manage.py

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean
	rm -rf $(VENV) var
