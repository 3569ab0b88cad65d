# Needs only make and Python 3.11 or newer; everything else goes into .venv.

PYTHON ?= python3
JOBS ?= 2
# The slow tests wait for processes, servers and clocks half of the time.
SLOW_JOBS ?= $(shell expr $(JOBS) + 1)

BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help demo demo-append demo-visits demo-s3 demo-dask demo-deployment dev test test-slow coverage mutants lint types layers fuzz bench bench-append bench-detection bench-real bench-scale release-check schema docs notebooks pictures lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*  ## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | \
		while read -r target text; do printf '  make %-16s %s\n' "$$target" "$$text"; done

# Every job is a process of its own, and starts twice as fast from modules that are compiled.
unexport PYTHONDONTWRITEBYTECODE

# How long Dagster waits for a process to start, before it calls the job failed: a machine is busy.
demo-s3 dev: export DAGSTER_GRPC_TIMEOUT_SECONDS ?= 300

demo dev: export DAGSTER_HOME := $(CURDIR)
demo: $(READY)  ## anonymize the bundled patients through Dagster and print what came out
	@$(BIN)/python -m anon_dagster.demos.patients

demo-visits: $(READY)  ## show what k of rows and what k of people promise, of a hospital's visits
	@$(BIN)/python -m anon_dagster.demos.visits

demo-append: $(READY)  ## let ten files add up to one release, erase people, and audit all of it
	@$(BIN)/python -m anon_dagster.demos.append

demo-s3: $(READY)  ## let three files arrive in a bucket, and show their releases in another
	@$(BIN)/python -m anon_dagster.demos.arrivals

demo-dask: $(READY)  ## anonymize a table on a cluster of two processes, and by one: the same bytes
	@$(BIN)/python -m anon_dagster.demos.cluster

demo-deployment: $(READY)  ## run deploy/ without containers: login, abort, kill, crash, restore
	@$(BIN)/python -m anon_dagster.demos.deployment

dev: $(READY)  ## start the Dagster UI on this project, at http://127.0.0.1:3000
	@PYTHONWARNINGS='ignore:Function `dev_command`' $(BIN)/dagster dev --host 127.0.0.1

test: lint types layers  ## lint, types, import rules and the tests
	$(BIN)/pytest -n $(JOBS) -m "not slow"

test-slow: $(READY)  ## the tests that take longer
	$(BIN)/pytest -n $(SLOW_JOBS) -m slow

# What decides, verifies and publishes is covered by its own tests, and by those of the library that
# let it meet persons, people of a population, linked tables, deltas and clusters.
COVERED_BY := core/audit core/privacy verification vectors releasing \
	storage/test_targets.py storage/test_failing_targets.py storage/test_csv_writing.py \
	storage/test_formulas.py storage/test_special_files.py storage/test_sources.py \
	storage/test_versions.py storage/test_delta_targets.py databases/test_targets.py databases/test_iceberg.py \
	continuous/test_appending.py engine/test_travelling.py \
	operations/test_person_promises.py operations/test_persons.py operations/test_people.py \
	operations/test_households.py operations/test_linked.py operations/test_weights.py \
	operations/test_many_values.py operations/test_missing.py operations/test_numbers.py \
	planning/test_models.py planning/test_differential_privacy.py approval/test_approval.py

coverage: $(READY)  ## lines and branches of what decides, verifies and publishes that no test runs
	$(BIN)/pytest -n $(JOBS) --cov -q -m "not slow" $(addprefix tests/,$(COVERED_BY))

# `make mutants ONLY="core/audit"` takes one package, or the modules with such a path;
# `SAMPLE=60` so many mutants, drawn by the commit; `EACH=20` so many seconds of tests for each of
# them at most; `LEAST=85` fails if fewer of a hundred are killed.
mutants: $(READY)  ## change the code in one place after the other, and print what no test notices
	$(BIN)/python -m tests.mutants --jobs $(JOBS) $(ONLY) \
		$(if $(SAMPLE),--sample $(SAMPLE) --seed $$(git rev-parse HEAD)) \
		$(if $(EACH),--seconds $(EACH)) $(if $(LEAST),--least $(LEAST))

lint: $(READY)  ## ruff: rules and format; yamllint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict -c deploy/.yamllint deploy

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

layers: $(READY)  ## import rules: which layer may see which
	$(BIN)/lint-imports

fuzz: $(READY)  ## the laws on many more tables, 20,000 random policies, 10,000 simulations, every death
	$(BIN)/pytest -n $(JOBS) -m hypothesis --hypothesis-profile=fuzz
	$(BIN)/python -m tests.simulation 0 --seeds 10000 --jobs $(JOBS)
	ANON_EVERY_DEATH=1 $(BIN)/pytest -n $(JOBS) tests/approval/test_deaths.py

bench: $(READY)  ## measure speed and memory
	$(BIN)/python -m benchmarks

bench-append: $(READY)  ## let a year of files add up to one release: who waits, what is lost
	$(BIN)/python -m benchmarks.append

bench-detection: $(READY)  ## measure how well detection tells columns, made ones and real ones
	$(BIN)/python -m benchmarks.detection

bench-real: $(READY)  ## anonymize 112 real tables and look for what the releases still tell
	$(BIN)/python -m benchmarks.real

bench-scale: $(READY)  ## measure whole jobs beside a bare reading and writing of the same files
	$(BIN)/python -m benchmarks.scale

release-check: $(READY)  ## build wheel and sdist, twice, and check them; what passes is left in dist/
	@$(BIN)/python -m release_check

schema: $(READY)  ## write docs/request.schema.json and docs/evidence.schema.json
	$(BIN)/python -m documentation.request_schema
	$(BIN)/python -m documentation.evidence_schema

docs: $(READY)  ## write the site of the documentation to build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "build/site/index.html; what leads out of it: build/external-links.txt"

notebooks: $(READY)  ## run the notebooks of examples/ and keep what their cells show
	$(BIN)/python -m tests.notebooks

pictures: $(READY)  ## let a browser take the pictures of README and documentation anew
	ANON_PICTURES=$(CURDIR)/docs $(BIN)/pytest -q tests/browser

# Tools that the project's own versions do not go with, or that nobody needs but for a release: each
# folder's environment is made where it is used.
lock: PINNED := release_check tests/jury
lock: IMAGE := azure dask databases delta excel gcs iceberg postgres signing telemetry
lock: $(READY)  ## resolve the newest versions for every supported Python
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
		--all-extras --group dev --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		--output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
		--constraint requirements.lock $(IMAGE:%=--extra %) --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --no-annotate \
		--output-file deploy/requirements.txt pyproject.toml deploy/requirements.in
	for pins in $(PINNED); do $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" --no-annotate \
		--output-file $$pins/requirements.txt $$pins/requirements.in || exit 1; done

clean:  ## remove the environment and the tools' caches; results and history stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A stamp: nothing is installed again until the lock or pyproject.toml changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 …")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments: its modules venv and ensurepip are missing. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo "installing into .venv …"
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep -o '^uv==[^ ]*' requirements.lock); \
	then install="$(BIN)/uv pip install --quiet --python $(BIN)/python"; \
	else echo "uv cannot be had, pip takes longer …"; install="$(BIN)/python -m pip install --quiet"; fi; \
	$$install --no-deps --require-hashes -r requirements.lock && $$install --no-deps --no-build-isolation -e .
	@touch $@
