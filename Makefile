# make verify   set up, run the KSM suite under every model, print the table
# make test     set up, lint, the gate, all tests
# make lint     ruff, and mypy --strict over the package and the tests
# make gate     the KSM suite against its recorded baseline: verdicts, barriers, their necessity
# make second   the KSM suite once more, by z3 (minutes)
# make docs     run every command of the documents, follow their links
# make fuzz COUNT=10000 SEED=1
#               damaged litmus tests, headers and cat files: a tree or a clear error
# make promote  write what is printed now into the documents and golden files; read the diff
# make drift    compare the suite with Debian's kernels 6.1 and 6.12, and mutate those (minutes)
# make bench    times of whole runs; with CORPUS=DIR also of a corpus,
#               with HERD=PATH KERNEL=TREE beside herd7
# make conformance CORPUS=DIR
#               the families of litmus tests below DIR against their recorded answers
# make random COUNT=10000 SEED=1
#               random programs and cat expressions: all engines must agree
# make compiled COUNT=1000 SEED=1
#               random threads beside what gcc makes of them for other machines (its cross
#               compilers have to be installed)
# make kernel-models KERNEL=DIR   the memory model in a kernel's sources (6.12) against ours
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2

COUNT ?= 10000
SEED ?= 1

.PHONY: verify test lint gate venv bench docs promote kernel-models drift wheel clean conformance random \
	fuzz second compiled

verify: venv
	$(BIN)/ksmcheck verify --jobs $(JOBS)

second: venv
	$(BIN)/ksmcheck verify --jobs $(JOBS) --solver z3 --timeout 300

# mypy has one process: the gate runs beside it.
test: venv
	$(MAKE) -j2 lint gate
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

DRIFT_KERNELS = 6.1 6.12
DRIFT_FOLDER ?= build/kernel

# Installs Debian's linux-source packages where that is possible and needed.
drift: venv
	tests/drift/kernel_sources.sh $(DRIFT_FOLDER) $(DRIFT_KERNELS)
	set -e; for kernel in $(DRIFT_KERNELS); do \
		$(BIN)/ksmcheck drift --kernel-tree $(DRIFT_FOLDER)/$$kernel; \
		$(BIN)/ksmcheck gate --jobs $(JOBS) --kernel-tree $(DRIFT_FOLDER)/$$kernel; \
		$(BIN)/python -m tests.drift.mutate $(DRIFT_FOLDER)/$$kernel; \
	done

bench: venv
	$(BIN)/python -m tests.bench $(if $(CORPUS),--corpus $(CORPUS)) $(if $(HERD),--herd $(HERD)) $(if $(KERNEL),--kernel-tree $(KERNEL))

conformance: venv
	$(BIN)/python -m tests.conformance $(CORPUS) -j $(JOBS)

fuzz: venv
	$(BIN)/python -m tests.random.fuzz --count $(COUNT) --seed $(SEED)

random: venv
	$(BIN)/python -m tests.random --count $(COUNT) --seed $(SEED) -j $(JOBS)

compiled: venv
	$(BIN)/python -m tests.compiled --count $(COUNT) --seed $(SEED)

kernel-models: venv
	KSMCHECK_KERNEL_TREE=$(abspath $(KERNEL)) $(BIN)/python -m pytest -q -n $(JOBS) \
		tests/solve/test_lock_text.py tests/models/test_kernels_own_model.py

wheel: venv
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

venv: $(VENV)/.compiled

# pip compiles what it installs, but not a checkout; and where PYTHONDONTWRITEBYTECODE is set, no run
# does either: each would compile all modules that it loads.
$(VENV)/.compiled: $(VENV)/.installed $(shell find ksmcheck -name '*.py')
	$(BIN)/python -m compileall -q ksmcheck
	touch $@

# Also offline once the packages are there: only a changed pyproject.toml installs again.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ksmcheck needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
