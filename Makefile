# Everything Gallery needs to run, to be tested and to be measured.
# Only Python 3.11, pip and make have to be there already.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Each tests one file after another; files don't know of each other. One more than a small
# machine has cores, since some tests only wait.
TESTERS ?= 3
# In their order: the files of many tests come last, and fill what others leave.
TESTING := --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder
# Tests that break things on purpose; those in tests/views/access walk through every route.
TROUBLE := tests/faults tests/hostile tests/attacks tests/races tests/weather tests/backups \
	tests/views/access tests/browser/test_hostile_texts.py
# Named whole, since some tests work elsewhere.
TOLD := $(abspath $(VENV)/reliability.jsonl)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test coverage faults reliability check format bench cluster clean

run: $(VENV)/.run
	@$(BIN)/gallery db upgrade
	@$(BIN)/gallery demo --if-empty
	@exec $(BIN)/gallery serve

# How pages look and are served, who may do what, and what decoders refuse: the database is no matter.
ONCE := --ignore tests/browser --ignore tests/views/access --ignore tests/hostile --ignore tests/test_serving.py

# Everything on SQLite, and once more on a real PostgreSQL; without ONCE, that is whole as well.
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TESTING)
	$(BIN)/python -m pytest $(TESTING) --database postgresql $(ONCE)

# Every system call of every write, broken in turn; the tests break a sample of them.
faults: $(VENV)/.dev
	GALLERY_ALL_TRIALS=1 $(BIN)/python -m pytest $(TESTING) -rP tests/faults

# Everything that is broken on purpose, in full, and the page that says what happened.
reliability: $(VENV)/.dev
	@rm -f $(TOLD)
	GALLERY_ALL_TRIALS=1 GALLERY_RELIABILITY=$(TOLD) $(BIN)/python -m pytest $(TESTING) $(TROUBLE)
	GALLERY_ALL_TRIALS=1 GALLERY_RELIABILITY=$(TOLD) \
		$(BIN)/python -m pytest $(TESTING) --database postgresql $(TROUBLE)
	@$(BIN)/python -m tests.reliability $(TOLD)

# Aside from the tests, since counting lines takes as long again.
coverage: $(VENV)/.dev
	@$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest $(TESTING) --cov --cov-report=
	@$(BIN)/python -m coverage report

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	@$(BIN)/python -m bench

# PostgreSQL, S3, two app servers and nginx on this machine, with the demo in them.
cluster: $(VENV)/.dev
	@exec $(BIN)/python -m cluster

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .pytest_cache .ruff_cache dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gallery needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing Gallery and what it stands on …"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing Gallery and what its tests need …"
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.run $@
