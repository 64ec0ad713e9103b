# Every target works on a fresh clone with an almost empty environment: each one that needs the virtual environment or
# the jars makes them first. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON  := .venv/bin/python
PYTEST  := $(PYTHON) -m pytest
STRICT  := -p tests.skips
PYTHONS := python3.11 python3.12 python3

VENV := .venv/.installed
JARS := .jars/.verified

.PHONY: help setup java check test test-system demo bench docs site dist airflow lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV) $(JARS) ## Build .venv from the lock and fetch Delta's jars; quick when nothing changed.

# ---------------------------------------------------------------- what must hold before anything is downloaded

JAVA_REMEDY := Install a Java 17 or 21 runtime, for example on Debian or Ubuntu:\n    sudo apt-get install openjdk-17-jre-headless\n  or name its folder: make JAVA_HOME=/path/to/jdk ...\n  (The JDKs that come as Python wheels lack the module jdk.incubator.vector, which Spark 4.2 needs.)

java:
	@java="$${JAVA_HOME:+$$JAVA_HOME/bin/}java"; \
	stop() { printf 'tillpost: %s\n  %b\n' "$$1" '$(JAVA_REMEDY)' >&2; exit 5; }; \
	found=$$("$$java" -version 2>&1) || stop "Spark needs Java 17 or 21, and '$$java' does not run."; \
	version=$$(sed -n 's/.*version "\([0-9]*\).*/\1/p' <<<"$$found"); \
	case "$$version" in 17|21) ;; *) stop "Spark needs Java 17 or 21, and '$$java' is version $${version:-unknown}.";; esac; \
	modules=$$("$$java" --list-modules); \
	[[ "$$modules" == *jdk.incubator.vector* ]] || stop "'$$java' lacks the module jdk.incubator.vector."

# ---------------------------------------------------------------- the virtual environment and the jars

# uv comes through pip under the lock's own hash, then installs the rest: 1 minute, where pip alone takes 4.
# The build of pyspark's source distribution is held to the lock by --build-constraints.
$(VENV): requirements.lock pyproject.toml
	@if ! .venv/bin/uv --version >/dev/null 2>&1; then \
	  for name in $(PYTHONS); do \
	    if "$$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; \
	    then python=$$name; break; fi; \
	  done; \
	  if [ -z "$${python:-}" ]; then \
	    printf 'tillpost: neither Python 3.11 nor 3.12 was found, or its venv module is missing.\n  %s\n    %s\n' \
	      'Install one, for example on Debian or Ubuntu:' 'sudo apt-get install python3.11 python3.11-venv' >&2; exit 5; \
	  fi; \
	  echo "setup: .venv with $$("$$python" --version)"; \
	  "$$python" -m venv --clear .venv; \
	  awk '/^uv==/ {ours = 1} ours {print} ours && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock; \
	fi
	@echo "setup: installing requirements.lock (about a minute the first time)"
	@.venv/bin/uv pip install --quiet --python $(PYTHON) --compile-bytecode \
	  --require-hashes --build-constraints requirements.lock -r requirements.lock
	@.venv/bin/uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@touch $@

$(JARS): jars.lock $(VENV) | java
	@$(PYTHON) -m pipelines.lakehouse.jars
	@touch $@

# ---------------------------------------------------------------- the fast loop

check: $(VENV) ## Lint, types, import layers and the tests without a JVM; under a minute.
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --cache-dir .cache/import-linter
	@$(PYTEST) $(STRICT) -q -n auto --dist loadfile -m "not spark and not system"

test: setup ## Every test but the system tests; a skip that is not by design fails.
	@$(PYTEST) $(STRICT) -n 2 --dist loadfile -m "not jvm and not system"
	@$(PYTEST) $(STRICT) --engine spark -m "(jvm or engines) and not system"

test-system: setup dist airflow ## Whole commands as a person would run them; says so when there are none.
	@mkdir -p .cache; found=0; $(PYTEST) -q --collect-only -m system > .cache/system-tests.txt || found=$$?; \
	case $$found in \
	  0) $(PYTEST) $(STRICT) -m system ;; \
	  5) echo "test-system: there are no system tests yet" ;; \
	  *) cat .cache/system-tests.txt; exit $$found ;; \
	esac

# ---------------------------------------------------------------- the product

demo: $(VENV) ## Real receipts to a send list and a report, from a clean clone.
	@.venv/bin/tillpost demo

bench: setup ## The figures of benchmarks/: hours, never part of the tests; QUICK=1 rehearses them in minutes.
	@$(PYTHON) -m benchmarks $(if $(QUICK),--quick)

docs: $(VENV) ## Write docs/tables/ from the table contracts.
	@$(PYTHON) -m pipelines.docs

SITE_TOOLS := mkdocs-material>=9.6,<10

site: $(VENV) docs ## The documentation as a site, in site/.
	@.venv/bin/uv tool run --quiet --from '$(SITE_TOOLS)' mkdocs build --quiet --strict

# ---------------------------------------------------------------- a cluster and a scheduler: docs/cluster.md, docs/scheduler.md

dist: dist/.packed ## What a cluster gets, in dist/: wheel, packed environment, jars, jobs and conf.

# The environment has no pyspark: the cluster brings its own. `--relocatable` lets it run where an executor unpacks it.
dist/.packed: cluster.lock jars.lock pyproject.toml $(shell find pipelines jobs conf -type f -not -name '*.pyc') $(VENV) $(JARS)
	@rm -rf dist build/environment && mkdir -p dist build
	@.venv/bin/uv build --quiet --wheel --no-build-isolation --python $(PYTHON) --out-dir dist .
	@.venv/bin/uv venv --quiet --relocatable --python $(PYTHON) build/environment
	@.venv/bin/uv pip install --quiet --python build/environment/bin/python --no-deps --require-hashes -r cluster.lock
	@.venv/bin/uv pip install --quiet --python build/environment/bin/python --no-deps dist/*.whl
	@echo "dist: packing the environment (a minute)"
	@tar -C build/environment -cf - . | gzip -1 > dist/environment.tar.gz
	@mkdir dist/jars && cp .jars/*.jar dist/jars
	@cp -r jobs conf dist/ && find dist -name __pycache__ -prune -exec rm -r {} +
	@touch $@

airflow: .airflow/.installed ## An environment of its own for the scheduler, in .airflow.

.airflow/.installed: jobs/dags/requirements.lock $(VENV)
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) .airflow
	@echo "airflow: installing jobs/dags/requirements.lock (about a minute the first time)"
	@.venv/bin/uv pip install --quiet --python .airflow/bin/python --require-hashes -r jobs/dags/requirements.lock
	@touch $@

# ---------------------------------------------------------------- upkeep

lock: $(VENV) ## Write requirements.lock from pyproject.toml, keeping what still fits; UPGRADE=--upgrade moves all.
	@.venv/bin/uv pip compile --quiet $(UPGRADE) --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --extra demo --extra dev -o requirements.lock pyproject.toml
	@.venv/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url -c requirements.lock --no-emit-package pyspark --no-emit-package pysail -o cluster.lock pyproject.toml
	@.venv/bin/uv pip compile --quiet $(UPGRADE) --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url -o jobs/dags/requirements.lock jobs/dags/requirements.in

clean: ## Remove what setup and the tools made; the lake in data/ stays.
	@rm -rf .venv .jars .airflow .cache .hypothesis build dist site
