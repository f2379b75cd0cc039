# make demo   sets everything up, trains a twin on invented chats and opens a chat with it
# make test   sets everything up and runs the tests
# make check  lint, format and types
# make fuzz   hostile input for two minutes (SECONDS=600: for ten)
# make audit  known holes in what is installed, as the advisories of the network tell them
# make locked installs with every file checked against its hash in requirements.lock; make lock writes that file anew

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --no-cache-dir --constraint constraints.txt

.PHONY: demo test check fuzz audit lock locked clean

demo: $(VENV)/core
	$(VENV)/bin/twin demo

# Two processes of one torch thread each: on two cores two threads in one process gain little, in two processes they collide.
test: $(VENV)/dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

SECONDS ?= 120
fuzz: $(VENV)/dev
	$(VENV)/bin/python -m benchmarks.fuzz --seconds $(SECONDS)

# Tools of their own, which what is installed must not depend on.
$(VENV)/tools: $(VENV)/bin/python
	$(VENV)/bin/python -m venv $(VENV)/tooling
	$(VENV)/tooling/bin/python -m pip --disable-pip-version-check install --quiet 'pip-audit>=2.10,<3' 'uv>=0.9'
	touch $@

audit: $(VENV)/tools
	$(VENV)/tooling/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

lock: $(VENV)/tools
	grep -v '^atheris==' constraints.txt | $(VENV)/tooling/bin/uv pip compile --quiet --universal --no-deps \
		--generate-hashes --no-header --no-annotate --output-file requirements.lock -

locked: $(VENV)/bin/python
	$(VENV)/bin/python -m pip --disable-pip-version-check install --no-cache-dir --no-deps --require-hashes --requirement requirements.lock
	$(PIP) --editable .
	touch $(VENV)/core

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
