# The two commands of the README, and what the maintainers use. Everything runs in .venv, which is built when needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin/python
FRAMEWORKS := .venv-frameworks
SITE := .venv-site
READY := $(VENV)/ready
ANY_PYTHON = $(if $(wildcard $(BIN)),$(BIN),$(PYTHON))

# what tests import is compiled once: they begin many processes, and torch's sources take seconds in each
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check pytest test-frameworks test-browser test-cluster site docs bench bench-pytest gpu-check clean

demo: $(READY)
	$(BIN) -m experiments run tishby-extended --force

test: $(READY)  ## types are checked beside the tests, many of which wait for processes
	@$(MAKE) --no-print-directory --jobs=2 check pytest

check: $(READY)
	$(BIN) -m ruff check . && $(BIN) -m ruff format --check . && $(BIN) -m pyright

pytest: $(READY)  ## files in the order of their names: by default those of few tests come last, and the longest are among them
	@$(BIN) -m tests.compiled
	$(BIN) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST)

test-frameworks: $(FRAMEWORKS)/ready  ## the callbacks, against Lightning and transformers themselves; here no test may skip
	FASTMI_FRAMEWORKS=1 $(FRAMEWORKS)/bin/python -m pytest tests/fastmi/callbacks tests/fastmi/test_callbacks.py \
	  tests/test_your_own_model_page.py

test-browser: $(READY)  ## pages to look around in, in a headless Chromium; here no test may skip
	FASTMI_BROWSER=1 $(BIN) -m pytest tests/browser

test-cluster: $(VENV)/cluster  ## sweeps and counts, on workers of Dask; here no test may skip
	FASTMI_CLUSTER=1 $(BIN) -m pytest tests/cluster

$(VENV)/cluster: $(READY)
	$(BIN) -m pip install --no-compile -c constraints.txt -e '.[cluster]'
	@touch $@

$(FRAMEWORKS)/ready: pyproject.toml constraints-frameworks.txt
	$(PYTHON) -m venv $(FRAMEWORKS) && $(FRAMEWORKS)/bin/python -m pip install --no-compile -c constraints-frameworks.txt \
	  -e '.[lightning,transformers]' pytest hypothesis
	@touch $@

site: $(SITE)/ready  ## the pages as a site, in site/index.html; a warning is an error
	@rm -rf $(SITE)/built
	OMP_NUM_THREADS=1 $(SITE)/bin/python -m sphinx -W --keep-going -q -d $(SITE)/doctrees -c docs . $(SITE)/built/html
	$(SITE)/bin/python -m tests.links $(SITE)/built/html
	@rm -rf site && mv $(SITE)/built/html site

$(SITE)/ready: pyproject.toml constraints-site.txt
	$(PYTHON) -m venv $(SITE) && $(SITE)/bin/python -m pip install --no-compile -c constraints-site.txt -e '.[site]'
	@touch $@

docs: $(READY)  ## the pages and figures that are written by commands, not by hand; FASTMI_MNIST says where MNIST lies
	$(BIN) -m experiments compression --seeds 10 --out docs/compression.md
	$(BIN) -m benchmarks simulation
	$(BIN) -m benchmarks wide-layers
	$(BIN) -m benchmarks every-measure
	$(BIN) -m experiments reading-a-plane
	$(BIN) -m tests.test_first_plane_page
	$(BIN) -m tests.test_choosing_page
	$(BIN) -m tests.test_many_copies_page
	$(BIN) -m experiments run tishby-extended --out results --force
	cp results/tishby-extended-*/counted-*/plane.png docs/information-plane.png
	$(BIN) -m experiments run all --seeds 10 --record 400 --resume --out results/seeds
	$(BIN) -m experiments reproduction --results results/seeds
	$(BIN) -m experiments gallery

bench: $(VENV)/bench  ## every case and peer, the answers first; on a quiet machine
	$(BIN) -m benchmarks --json benchmarks/results/cpu.json
	$(BIN) -m benchmarks report

bench-pytest: $(VENV)/bench  ## the same cases by pytest-benchmark, beside the last time it ran here
	$(BIN) -m pytest benchmarks/bench_cases.py -W default --benchmark-autosave --benchmark-compare --benchmark-max-time=0.5 \
	  --benchmark-min-rounds=3 --benchmark-group-by=group --benchmark-columns=min,median,iqr,rounds

$(VENV)/bench: $(READY)
	$(BIN) -m pip install --no-compile -c constraints.txt -e '.[bench]'
	@touch $@

gpu-check:  ## measurements and tests, whatever fails; builds nothing: a GPU machine may reach no registry
	@if $(ANY_PYTHON) -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then \
	  $(ANY_PYTHON) -m benchmarks gpu-check; \
	else \
	  echo "no CUDA device that $(ANY_PYTHON) and its torch can use: nothing was checked"; \
	fi

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "fastmi needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo 'not there')." \
	       "Say which one to use: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV) && $(BIN) -m pip install --no-compile -c constraints.txt -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) $(FRAMEWORKS) $(SITE) site results dist .pytest_cache .ruff_cache .hypothesis .benchmarks
