# Two commands matter: 'make course' makes everything and shows where it is, 'make test' passes every test.
# Both need Python 3.11 or newer and nothing else.

PYTHON ?= python3
BIN := .venv/bin
STAMPS := .stamps
WORKERS ?= 2
export PATH := $(CURDIR)/$(BIN):$(PATH)

SOURCES := $(shell find solutions course_lib autograder -name '*.py' -o -name '*.js' -o -name '*.css' -o -name '*.j2' -o -name '*.ipynb')
BOOK := $(shell find book -type f -not -name '*.pyc') _config.yml

.PHONY: course test environment exercises book class lint tests lock clean

course: exercises book class

# ---------------------------------------------------------------- set-up
environment: $(STAMPS)/environment $(STAMPS)/packages

$(STAMPS)/environment: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@mkdir -p $(STAMPS)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the packages of requirements.lock (a few minutes the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -q -r requirements.lock
	@$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/packages: package.json package-lock.json $(STAMPS)/environment
	@echo "Installing the front-end packages of package-lock.json"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# ---------------------------------------------------------------- make course
exercises: $(STAMPS)/exercises
$(STAMPS)/exercises: $(SOURCES) | environment
	@autograder release
	@touch $@

# one thread: the chapters' matrices are too small to gain by more
book: _build/strict.stamp
_build/strict.stamp: $(SOURCES) $(BOOK) requirements.lock package-lock.json | environment
	@OMP_NUM_THREADS=1 jupyter-book build book --path-output . --config _config.yml -W -n --keep-going
	@touch $@

class: $(STAMPS)/exercises | environment
	@python -m autograder.demo 01_derivatives

# ---------------------------------------------------------------- make test
test: lint exercises book tests

lint: | environment
	@ruff check . && ruff format --check . && mypy

# one thread a worker: more would only get into each other's way
tests: exercises book
	@OMP_NUM_THREADS=1 pytest -q -n $(WORKERS) --dist loadfile --doctest-modules --ignore-glob='*/conftest.py' course_lib autograder tests

# ---------------------------------------------------------------- upkeep
lock: | environment
	@python -m pip install -q uv
	@{ echo "# Every package of the course, one exact version each, for Python 3.11 and newer."; \
	   echo "# Made by 'make lock'. torch's own CUDA packages are left to pip: its builds differ by platform."; \
	   python -m uv pip compile -q --universal --fork-strategy fewest --python-version 3.11 --no-annotate --no-header \
	     --extra dev pyproject.toml | grep -Ev '^(nvidia-|cuda-|triton|descent)'; } > requirements.new
	@mv requirements.new requirements.lock

clean:
	@rm -rf _build grading $(STAMPS) .pytest_cache .mypy_cache .ruff_cache .hypothesis
