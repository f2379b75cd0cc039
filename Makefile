# make demo   sets everything up, trains a twin on invented chats and opens a chat with it
# make test   sets everything up and runs the tests
# make check  lint, format and types

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --no-cache-dir --constraint constraints.txt

.PHONY: demo test check clean

demo: $(VENV)/core
	$(VENV)/bin/twin demo

test: $(VENV)/dev
	$(VENV)/bin/python -m pytest

check: $(VENV)/dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Twin needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

$(VENV)/dev: $(VENV)/core
	$(PIP) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
