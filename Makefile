# Two commands to remember: `make report` and `make test`. Each makes .venv when it is needed, with plain venv and pip.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: report test test-full check clean

report: .venv/installed-base   ## the quick tier of the laboratory, and its page
	$(BIN)/resnetlab report

test: .venv/installed-test     ## everything, long sweeps in their short form
	$(BIN)/pytest --numprocesses auto --dist loadgroup

test-full: .venv/installed-test  ## the sweeps at the figures promised
	$(BIN)/pytest --numprocesses auto --dist loadgroup --full

check: .venv/installed-dev     ## style, types, and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/installed-base: EXTRA =
.venv/installed-test: EXTRA = [test]
.venv/installed-dev: EXTRA = [dev]
.venv/installed-%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.$(EXTRA)'
	touch $@

clean:                         ## remove the environment and what tools left
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
