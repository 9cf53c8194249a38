# Needs make and, best, a Python >= 3.11 (PYTHON=/path/to/python chooses one); .ci/setup does the rest, in .venv.
SHELL := /bin/sh
BIN := .venv/bin

.PHONY: help demo test test-slow lint types unit wheel lock sbom bundle check-bundle setup clean

help:
	@echo "make demo    set up, scan examples/evidence, write a triage to out/demo and an evaluation to out/demo-case"
	@echo "make test    set up, lint, check types, run all tests, check the wheel"
	@echo "make test-slow  run the tests that take minutes and that make test leaves out"
	@echo "make lock    write requirements.lock anew: every package with its hash, for this Python and platform"
	@echo "make sbom    write the parts of a release to build/*.cdx.json (CycloneDX)"
	@echo "make bundle  make build/slim-audit-*.tar, from which it is installed without a network; check-bundle tries that"
	@echo "make clean   remove what these made"

# One example is damaged on purpose, so 3 (finished, some items could not be examined) is the expected exit code.
demo:
	@.ci/setup run
	@$(BIN)/slim scan examples/evidence --output out/demo --force || [ $$? -eq 3 ]
	@$(BIN)/slim scan examples/evidence --case examples/case.toml --stability --output out/demo-case --force --quiet || [ $$? -eq 3 ]
	@echo "Triage: out/demo/report.html and report.pdf. Evaluation of a made-up case: out/demo-case/report.html and report.pdf"

test: lint types unit wheel

setup:
	@.ci/setup dev

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/python -m pytest

test-slow: setup
	$(BIN)/python -m pytest -m slow

wheel: setup
	tests/check_wheel.sh

lock: setup
	$(BIN)/python packaging/lock.py

sbom: setup
	$(BIN)/python packaging/sbom.py

bundle: setup
	packaging/bundle.sh

check-bundle:
	tests/check_bundle.sh

clean:
	rm -rf .venv build out .mypy_cache .pytest_cache .ruff_cache
