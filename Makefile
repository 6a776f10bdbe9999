# Two commands do everything on a machine with Python 3.11, pip and make: `make demo` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help demo package test test-gpu test-long lint bench bench-lint schema goldens clean

help:
	@echo "make demo       train the worked examples twice, compare them bit for bit, write results/report.html"
	@echo "make package    package the verified examples into results/<model>/dist/, as wheels and conda packages"
	@echo "make test       check the code and prove each property once, with what this machine has"
	@echo "                (SAMEBITS_ALL=1: in all cases; SAMEBITS_REQUIRE=1: fail where a program is missing)"
	@echo "make test-long  what takes hours: 200 kills, 300 models on clusters, 10,000 programs for the linter, all faults"
	@echo "make test-gpu   run the tests that need an NVIDIA GPU (skipped, with the reason, where there is none)"
	@echo "make bench      measure what recording, verifying, environments, tiers and executors cost (about an hour)"
	@echo "make schema     write the JSON Schemas anew from the types of config, spec, verdict, receipt"
	@echo "make goldens    write tests/goldens/ anew; look at the difference before committing it"
	@echo "make clean      remove results, environments and .venv"

demo: .venv/demo
	$(BIN)/samebits run --profile local

package: .venv/package
	$(BIN)/samebits run --profile local package

test: .venv/test lint
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-long: export SAMEBITS_ALL = 1
test-long: .venv/test
	SAMEBITS_KILLS=200 $(BIN)/pytest tests/workflow/test_kills.py
	SAMEBITS_MODELS=300 $(BIN)/pytest tests/workflow/test_scale.py
	SAMEBITS_EXAMPLES=10000 $(BIN)/pytest tests/lint/test_fuzz.py
	SAMEBITS_CLUSTERS=10 $(BIN)/pytest tests/workflow/test_xgboost_dask.py
	SAMEBITS_LONG=1 $(BIN)/pytest tests/workflow/test_packages.py tests/workflow/test_faults.py \
	  tests/workflow/test_pytorch_portable.py tests/workflow/test_pytorch_ranks.py tests/workflow/test_xgboost_portable.py

test-gpu: .venv/test
	$(BIN)/pytest tests/gpu

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check workflow

bench: .venv/test
	$(BIN)/python tests/benchmarks/run.py

bench-lint: .venv/test
	$(BIN)/python tests/benchmarks/lint.py

schema: .venv/test
	$(BIN)/samebits schema

goldens: .venv/test
	$(BIN)/pytest tests/unit/test_formats.py --renew-goldens

clean:
	rm -rf .venv .samebits .snakemake results

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "samebits needs Python 3.11, and $(PYTHON) is another; call make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo: pyproject.toml | .venv/bin/python
	@echo "installing samebits into .venv (a minute or two, once)"
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/package: .venv/demo
	@echo "installing what writes conda packages into .venv (seconds, once)"
	$(BIN)/pip install --quiet --editable '.[packages]'
	@touch $@

.venv/test: pyproject.toml | .venv/bin/python
	@echo "installing samebits and what its tests need into .venv (a minute or two, once)"
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch .venv/demo .venv/package $@
