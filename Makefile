# Belvedere: `make demo` to see it, `make test` to check it. Everything lands in .venv, web/node_modules and build/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
OTHER_VIEWERS := tests/media/relay/viewers
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' 2>/dev/null)
TESTS ?= tests
WORKERS ?= 2
CAMERA ?= port-restricted
VIEWER ?= symmetric

.PHONY: help demo lab lab-matrix test test-web check check-web fuzz soak watermark format setup system web wheel audit-dependencies sbom conformance clean

help: ## this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

demo: .venv/.app signaling/webapp/index.html ## server and one simulated camera, onboarded through its lens, in your browser
	@exec $(BIN)/python -m demo

test: system .venv/.dev signaling/webapp/index.html $(OTHER_VIEWERS)/node_modules/.stamp test-web ## everything the tests need is installed, then all tests run
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(TESTS)

test-web: web/node_modules/.stamp ## the web app's own tests
	cd web && npm test --silent

check: .venv/.dev check-web ## formatting, lint, strict types, deployment files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict docker-compose.yml render.yaml

check-web: web/node_modules/.stamp
	cd web && npm run --silent check

format: .venv/.dev ## put every file in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd web && npm run --silent format

fuzz: system .venv/.dev signaling/webapp/index.html ## ten times the hostile input of `make test`, a million datagrams
	BELVEDERE_FUZZ=10 HOSTILE_DATAGRAMS=1000000 $(BIN)/python -m pytest tests -k 'fuzz or hostile' --timeout 3600

soak: system .venv/.dev signaling/webapp/index.html ## ten thousand joins and leaves, directly and over the relay
	SOAK_JOINS=10000 $(BIN)/python -m pytest tests/journeys/test_soak.py tests/media/relay/test_soak.py

watermark: system .venv/.dev signaling/webapp/index.html ## every frame is of the camera asked for: 200 cameras, 200 viewers, the server killed now and then
	WATERMARK_SIZE=whole $(BIN)/python -m pytest -s tests/journeys/watermark

bench-%: system .venv/.dev signaling/webapp/index.html ## ttff, camera, qr, relay, loss, ways, timing, recovery, logins, e2ee: a table, and a last line of JSON
	@mkdir -p build/bench
	@$(BIN)/python -m tests.benchmarks.bench_$*

lab: system .venv/.dev signaling/webapp/index.html ## two homes behind routers: make lab CAMERA=symmetric VIEWER=udp-blocked (needs root)
	@$(BIN)/python -m tests.natlab $(CAMERA) $(VIEWER)

lab-matrix: system .venv/.dev signaling/webapp/index.html ## every pair of homes: a picture, and by the best way there is? (needs root)
	@$(BIN)/python -m tests.natlab --matrix

audit-dependencies: .venv/.dev web/node_modules/.stamp ## ask the lists of advisories about every pinned dependency (needs the internet)
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/audit-dependencies

sbom: .venv/.dev web/node_modules/.stamp ## software bill of materials (CycloneDX) of the Python and the web packages, in build/sbom
	@mkdir -p build/sbom
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file build/sbom/python.json $(BIN)/python
	@cd web && npm sbom --sbom-format cyclonedx --sbom-type application 2>/dev/null > ../build/sbom/web.json
	@echo 'build/sbom/python.json and build/sbom/web.json'

conformance: .venv/.dev ## write docs/conformance.md anew from docs/conformance.toml
	@mkdir -p build && $(BIN)/python -m tests.conformance > build/conformance.md && mv build/conformance.md docs/conformance.md

setup: system .venv/.dev web ## install everything, run nothing
web: signaling/webapp/index.html ## build the web app

system: ## Debian packages that the tests drive (Chromium, Redis, PostgreSQL, coturn, ...)
	@.ci/system-packages

wheel: .venv/.dev signaling/webapp/index.html ## the wheel, with the built web app inside
	@rm -rf build/lib build/bdist.*  # setuptools would pack what has been deleted since
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir build/wheel .

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Belvedere needs Python 3.11 or newer (found " + sys.version.split()[0] + "). On Debian 12: apt install python3 python3-venv; or: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'Python has no venv module here. On Debian: apt install python3-venv' >&2; exit 1; }

.venv/.app: .venv/bin/python pyproject.toml constraints.txt
	@echo 'Installing the Python packages into .venv (once) ...'
	@$(PIP_INSTALL) --editable '.[server,relay,camera]'
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	@echo 'Installing the Python packages and the test tools into .venv (once) ...'
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch .venv/.app $@

web/node_modules/.stamp: web/package.json web/package-lock.json
	@.ci/require-node
	@echo 'Installing the web packages (once) ...'
	@cd web && npm ci --silent --no-audit --no-fund
	@touch $@

$(OTHER_VIEWERS)/node_modules/.stamp: $(OTHER_VIEWERS)/package.json $(OTHER_VIEWERS)/package-lock.json
	@.ci/require-node
	@echo 'Installing another WebRTC stack to test against (once) ...'
	@cd $(OTHER_VIEWERS) && npm ci --silent --no-audit --no-fund
	@touch $@

signaling/webapp/index.html: web/node_modules/.stamp $(WEB_SOURCES)
	@echo 'Building the web app ...'
	@cd web && npm run --silent build
	@touch $@

clean: ## remove everything that was built or installed here
	rm -rf .venv build web/node_modules $(OTHER_VIEWERS)/node_modules signaling/webapp *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
