# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SLICER ?= Slicer

.PHONY: demo test train-check benchmark pictures clean

demo: $(VENV)/demo.stamp
	$(BIN)/vhi demo --out vhi-demo

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest
	$(MAKE) train-check

# The whole chain of training on synthetic subjects, in two minutes at most
train-check: $(VENV)/test.stamp
	cd BoneSegModels && ../$(BIN)/python -m Training.check

benchmark: $(VENV)/test.stamp
	$(BIN)/python Testing/Benchmarks/run_all.py

# The pictures of the README's tutorial, taken in a real Slicer from its own cases
pictures:
	$(SLICER) --no-splash --ignore-slicerrc \
	  --additional-module-paths $(CURDIR)/VHIWorkflow $(CURDIR)/BoneSegModels \
	  --python-script $(CURDIR)/Testing/Pictures/screenshots.py

clean:
	rm -rf $(VENV) vhi-demo build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'VHIWorkflow needs Python 3.11 or later; say which with: make PYTHON=python3.12 ...')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/test.stamp: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@
