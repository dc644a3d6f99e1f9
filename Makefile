# TechnoCommune Hub. `make help` lists what can be done. Plain POSIX sh; the host's PYTHON only makes .venv, every other
# command runs inside it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# One stamp per Python, so `make test PYTHON=python3.13` makes the environment anew.
STAMP  := $(VENV)/.installed-$(subst /,_,$(PYTHON))
UV     := uv==0.13.9

.POSIX:
.DEFAULT_GOAL := help
.PHONY: help install run test test-long fuzz lint format translations screenshots lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -e 's/:.*## /|/' | sort | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

install: $(STAMP) ## make .venv with the locked dependencies and the hub command
	@sh scripts/translations.sh $(BIN)
	@sh scripts/browser_library.sh

$(STAMP): pyproject.toml requirements-dev.lock scripts/venv.sh
	@sh scripts/venv.sh "$(PYTHON)" $(VENV)
	@touch $(STAMP)

run: install ## start two sample villages, on ports 8080 and 8081
	$(BIN)/hub demo

test: install ## everything the build server checks: lint, types, imports, all tests
	@sh scripts/check.sh $(BIN)

test-long: install ## the slow lane: 50 kills under 20 payers, 5 at each step between two hubs, a minute of 200 phones, power cuts at every write, a book of 240,000 transfers, another village that does anything, 200 faults of two radios, thirty days without a neighbour (30 minutes and more)
	HUB_KILLS=50 $(BIN)/python -m pytest tests/test_kill.py -q
	HUB_RING_SECONDS=60 $(BIN)/python -m pytest tests/test_ring.py -q
	HUB_KILLS_TWO=5 $(BIN)/python -m pytest tests/test_kill_two_hubs.py -q
	HUB_CUTS=all $(BIN)/python -m pytest tests/faults -q
	HUB_BIG_BOOKS=1 $(BIN)/python -m pytest tests/bench/test_verify_memory.py -q -s
	HUB_LARGE=10 $(BIN)/python -m pytest tests/test_import_large.py -q -s
	HUB_AIR_ROUNDS=9 $(BIN)/python -m pytest tests/browser/test_air.py -q
	HUB_AIR_HOUR=1 $(BIN)/python -m pytest tests/browser/test_air_hour.py -q
	HUB_LIVE=1 $(BIN)/python -m pytest tests/browser/test_restore_live.py -q
	HUB_CELLS=all $(BIN)/python -m pytest tests/radio/simulation/test_cells.py -q -s
	HUB_EXPLORE=1 $(BIN)/python -m pytest tests/ledger/book/test_machine.py -q
	HUB_RADIO_FAULTS=200 $(BIN)/python -m pytest tests/radio/test_faults_while_paying.py -q -s
	HUB_AWAY=200 $(BIN)/python -m pytest tests/radio/test_thirty_days.py -q -s

FUZZ ?= 1

fuzz: install ## ten million mutated frames, a million control frames, a million StreamAPI strings (half an hour and more; FUZZ=0.1 a tenth)
	HUB_FUZZ=$(FUZZ) nice -n 10 $(BIN)/python -m pytest tests/radio/test_fuzz.py tests/radio/test_fuzz_stream.py -q -s -n 0

lint: install ## ruff, format, mypy, import contract
	@sh scripts/lint.sh $(BIN)

format: install ## let ruff put the code into shape
	$(BIN)/ruff check --fix-only --exit-zero .
	$(BIN)/ruff format .

translations: install ## bring the catalogs up to the code; then translate what is empty
	@sh scripts/catalogs.sh $(BIN)

screenshots: install ## a picture of every kind of page, with its size; those of the documentation anew
	@sh scripts/chromium.sh fonts-noto-core
	$(BIN)/python -m tests.screenshots

lock: ## resolve the dependencies anew, with hashes, for every Python and board
	@sh scripts/lock.sh "$(PYTHON)" "$(UV)"

clean: ## remove .venv, caches and builds; a hub's data stays
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find appliance tests -name __pycache__ -type d -prune -exec rm -rf {} +
