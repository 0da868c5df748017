# `make demo` and `make test` are all that a newcomer needs; both set up what they use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test coverage test-lowest test-install test-kubernetes lint lint-go lint-promtool lint-pint lint-dashboards lint-workflows lint-schemas lint-security lint-actions format look screenshots lab bench bench-scale bench-dashboards fuzz soak deb dist sbom audit docs docs-site new-requirement new-alert new-statistic lock clean

help:
	@echo "make demo    run the exporter on a fleet of real Kea servers (root on Debian)"
	@echo "make fault-NAME, make repair-NAME  break a server of the running demo, and mend it; the demo lists the names"
	@echo "make test    run all checks and tests"
	@echo "make coverage  run all tests, and count which lines and branches they reach (half an hour)"
	@echo "make test-lowest  test serving and querying with the lowest versions of the libraries that are extended (minutes)"
	@echo "make test-install  build and install every package that is shipped (minutes)"
	@echo "make test-kubernetes  install the Helm chart into a real API server, beside Prometheus Operator (root, Go; half an hour once)"
	@echo "make lint    only the static checks"
	@echo "make lint-go  what linters written in Go say of rules and dashboards (minutes, where Go is present)"
	@echo "make lint-workflows  what three linters say of the workflows on GitHub (Go and the package index)"
	@echo "make look    draw the dashboards with Grafana's own parts, for three fleets (ten minutes; Node and npm, root on Debian)"
	@echo "make screenshots  the same, and renew the pictures of README and docs (ten minutes)"
	@echo "make lab     only build the chroot with the real servers"
	@echo "make bench   measure what the exporter costs, on the lab's Kea (minutes)"
	@echo "make bench-scale  measure 1,000 simulated servers over replicas, for docs/scaling.md (minutes)"
	@echo "make bench-dashboards  time every query of the dashboards on 200 servers and 10,000 subnets (a minute)"
	@echo "make fuzz    feed nonsense to whatever reads what others say (minutes; FUZZ_SECONDS for each part)"
	@echo "make soak    10,000 scrapes of a half broken fleet: memory, threads and descriptors (minutes)"
	@echo "make deb     build the Debian package into dist/, in a chroot (root on Debian)"
	@echo "make dist    build the wheel and the source archive into dist/"
	@echo "make sbom    write the bill of materials of what the locked exporter runs on into dist/sbom.json"
	@echo "make audit   look up the locked dependencies among known vulnerabilities (the package index itself)"
	@echo "make docs    write all generated files anew, then check the documents"
	@echo "make new-requirement ID=... SUBJECT=..., make new-alert NAME=... GROUP=..., make new-statistic NAME=..."
	@echo "             write the skeleton of a new entry with its test; see docs/developing.md"
	@echo "make docs-site  build the documentation as web pages into build/site"
	@echo "make lock    resolve the locked dependencies anew"
	@echo "make clean   remove what was made here (the lab's cache stays: see README)"

demo: $(READY)
	@$(BIN)/python -m lab demo

fault-%: $(READY)
	@$(BIN)/python -m lab fault $*

repair-%: $(READY)
	@$(BIN)/python -m lab repair $*

# Tests wait for servers and times as long as they compute: four workers, even on two cores.
test: lint
	$(BIN)/pytest --numprocesses 4 --dist loadfile

# Python 3.11 takes twice the processor time when each line is counted.
coverage: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 4 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# As the lock file, but for the libraries whose classes are extended.
test-lowest: build/lowest/.ready
	build/lowest/bin/pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile -m "not lab" \
		tests/web tests/hostile tests/unit/test_transport.py tests/unit/test_connect_errors.py tests/unit/test_reload.py

build/lowest/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	build/lowest/bin/pip install --quiet --disable-pip-version-check --no-deps \
		$$(sed -nE 's/^    "(requests|urllib3|uvicorn)>=([0-9.]+),.*/\1==\2/p' pyproject.toml)
	build/lowest/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-install: $(READY)
	$(BIN)/pytest -m install

# Compiled first, as the namespace that is a cluster's network leads nowhere else.
test-kubernetes: lab
	@$(BIN)/python -m lab.packages.compiled || { echo "!!! NOT TESTED: Kubernetes cannot be compiled"; exit 1; }
	unshare --net --mount $(BIN)/pytest -m kubernetes

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Each goes on where another one cannot be had, and says so.
lint-go:
	@$(MAKE) --no-print-directory --keep-going lint-promtool lint-pint lint-dashboards

lint-promtool: build/bin/promtool
	$< check rules --lint=all --lint-fatal prometheus/rules/*.yml
	$< test rules prometheus/tests/*.yml

lint-pint: build/bin/pint
	$< --offline --config prometheus/pint.hcl lint --fail-on=warning prometheus/rules

lint-dashboards: build/bin/dashboard-linter
	set -e; for dashboard in grafana/dashboards/*.json; do $< lint --strict $$dashboard; done

# Schemas, security, and shell scripts; each goes on where another one cannot be had, and says so.
lint-workflows: build/workflows/.ready
	@$(MAKE) --no-print-directory --keep-going lint-schemas lint-security lint-actions

lint-schemas: build/workflows/.ready
	build/workflows/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	build/workflows/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

lint-security: build/workflows/.ready
	build/workflows/bin/zizmor --offline --persona pedantic --quiet .github

lint-actions: build/bin/actionlint
	$< .github/workflows/*.yml

build/workflows/.ready: Makefile
	$(PYTHON) -m venv build/workflows
	build/workflows/bin/pip install --quiet --disable-pip-version-check check-jsonschema==0.39.0 zizmor==1.32.0
	@touch $@

build/bin/promtool: MODULE := github.com/prometheus/prometheus/cmd/promtool@v0.316.0
build/bin/pint: MODULE := github.com/cloudflare/pint/cmd/pint@v0.78.0
build/bin/dashboard-linter: MODULE := github.com/grafana/dashboard-linter@v0.1.1
build/bin/actionlint: MODULE := github.com/rhysd/actionlint/cmd/actionlint@v1.7.8
build/bin/promtool build/bin/pint build/bin/dashboard-linter build/bin/actionlint: Makefile
	@GOBIN=$(CURDIR)/build/bin go install $(MODULE) || { echo "!!! NOT LINTED: $(notdir $@) cannot be installed"; exit 1; }
	@touch $@

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pictures and all else that it writes is in $(LOOK)/build.
look: LOOK := grafana/look
look: $(READY) grafana/look/node_modules/.ready
	rm -rf $(LOOK)/build
	mkdir -p $(LOOK)/build
	$(BIN)/python -m grafana.look $(LOOK)/build
	npm --prefix $(LOOK) run --silent types
	CHROMIUM=$$($(BIN)/python -c 'from lab.browser import chromium; print(chromium())') && export CHROMIUM && \
		npm --prefix $(LOOK) run --silent pictures
	npm --prefix $(LOOK) run --silent check

# The pictures of the README and of docs/dashboards.md, as the product looks now.
screenshots: look
	$(BIN)/python -m tools.screenshots docs/images grafana/look/build

grafana/look/node_modules/.ready: grafana/look/package-lock.json
	npm --prefix grafana/look ci
	@touch $@

lab: $(READY)
	$(BIN)/python -m lab build

bench: $(READY)
	$(BIN)/python -m bench

bench-scale: $(READY)
	$(BIN)/python -m bench.scale

bench-dashboards: $(READY)
	$(BIN)/python -m bench.dashboards

fuzz: $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: 'atheris==3.0.0' \
		|| { echo "!!! NOT FUZZED: no wheel of atheris for $$($(BIN)/python -V)"; exit 1; }
	$(BIN)/python -m fuzz

soak: $(READY)
	$(BIN)/python -m soak $(SCRAPES)

deb: $(READY)
	@$(BIN)/python -m lab.packages.packaging

dist: DIST := dist
dist: $(READY)
	$(BIN)/hatchling build --directory $(DIST)

# The bill is of an environment in which nothing else is: not even pip.
sbom: $(READY)
	rm -rf build/sbom
	$(PYTHON) -m venv build/sbom/tool
	$(PYTHON) -m venv --without-pip build/sbom/runtime
	build/sbom/tool/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	$(BIN)/pip --python build/sbom/runtime install --quiet --disable-pip-version-check --no-compile --require-hashes \
		-r requirements.lock
	mkdir -p dist
	version=$$($(BIN)/python -c 'import kea_exporter; print(kea_exporter.__version__)') && \
		sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml > build/sbom/pyproject.toml
	build/sbom/tool/bin/cyclonedx-py environment --pyproject build/sbom/pyproject.toml --mc-type application \
		--output-reproducible --validate --output-file dist/sbom.json build/sbom/runtime/bin/python

audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

docs: $(READY)
	@status=0; $(BIN)/python -m tools || status=1; \
		$(BIN)/pytest -q tests/docs/test_documentation.py tests/docs/test_rules.py -m "not lab" || status=1; exit $$status

new-requirement: $(READY)
	@$(BIN)/python -m tools.new requirement "$(ID)" "$(SUBJECT)"

new-alert: $(READY)
	@$(BIN)/python -m tools.new alert "$(NAME)" "$(GROUP)"

new-statistic: $(READY)
	@$(BIN)/python -m tools.new statistic "$(NAME)"

docs-site: build/docs/.ready
	NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build --strict --quiet
	@echo "open build/site/index.html"

# An environment of its own: what builds the pages is not what the exporter runs on.
build/docs/.ready: requirements-docs.lock
	$(PYTHON) -m venv build/docs
	build/docs/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

lock: $(READY)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--upgrade --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--upgrade --group docs -o requirements-docs.lock

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kea-exporter needs Python 3.11 or later; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist build grafana/look/build grafana/look/node_modules
