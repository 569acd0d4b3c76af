# make verify   set up, run the KSM suite under every model, print the table
# make test     set up, lint, the gate, all tests
# make gate     the KSM suite against its recorded baseline: verdicts, barriers, their necessity
# make docs     run every command of the documents, follow their links
# make promote  write what is printed now into the documents and golden files; read the diff
# make bench    times of whole runs
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: verify test lint gate venv bench docs promote wheel clean

verify: venv
	$(BIN)/ksmcheck verify --jobs $(JOBS)

test: venv lint
	$(BIN)/ksmcheck gate --jobs $(JOBS)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

gate: venv
	$(BIN)/ksmcheck gate --jobs $(JOBS)

DOCUMENTS = tests/cli/test_docs.py tests/cli/test_help.py tests/suite/test_readme_table.py

docs: venv
	$(BIN)/python -m pytest -q $(DOCUMENTS)

promote: venv
	KSMCHECK_PROMOTE=1 $(BIN)/python -m pytest -q $(DOCUMENTS) tests/report

bench: venv
	$(BIN)/python -m tests.bench

wheel: venv
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

venv: $(VENV)/.installed

# Also offline once the packages are there: only a changed pyproject.toml installs again.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ksmcheck needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
