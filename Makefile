# A thin door: each target is one command that you may as well type yourself.
PYTHON ?= /usr/bin/python3
DEMO ?= watch
FUZZ_SECONDS ?= 60
POWERCUT_MINUTES ?= 60

.PHONY: help setup build demo test lint format bench fuzz powercut size clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## install what is missing (Debian 12, 13), build the portal
	@scripts/setup.sh

build: ## compile everything into build/host
	@scripts/build.sh host

demo: setup build ## a fleet updates itself, then a bad release stops itself (DEMO=ci: check and exit)
	@$(PYTHON) scripts/demo.py --mode $(DEMO)

test: setup ## every test; the last line counts them
	@$(PYTHON) scripts/test.py

lint: build ## format, style and include rules, cppcheck, clang-tidy
	@$(PYTHON) scripts/lint.py --deep

format: ## format all C files in place
	@$(PYTHON) scripts/lint.py --fix

bench: build ## run the benchmarks of tests/bench
	@$(PYTHON) scripts/bench.py

fuzz: ## run every fuzz target for FUZZ_SECONDS (60)
	@scripts/fuzz.sh $(FUZZ_SECONDS)

powercut: build ## every power cut, for POWERCUT_MINUTES (60); goes on where it stopped
	@$(PYTHON) scripts/powercut.py --minutes $(POWERCUT_MINUTES)

size: ## flash, RAM and stack of what runs on a device, for four Cortex-M cores
	@$(PYTHON) scripts/size.py --check

clean: ## remove what was built
	rm -rf build portal/dist
