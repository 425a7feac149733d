# What people do with this repository. The work is in scripts/ and CMake; this names it.
# A virtual environment, .venv, holds the Python tools, and Node where the machine has none that is new enough.

export PATH := $(CURDIR)/.venv/bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help run build test bench bench-micro fuzz sanitize lint format wheel clean

help:
	@echo 'make run      install what is missing, build, and serve the web chat at http://127.0.0.1:5000/'
	@echo '              (another port: make run PORT=8080; more options: make run ARGS="--store memory")'
	@echo 'make build    build/bin/chatterlink-app, -server, -client and -bench, and the Python package in .venv'
	@echo 'make test     build everything, then run the C++, page and Python tests, and each fuzz target for 10 s; the second'
	@echo '              time only what may have changed since it passed (all of it: make test TEST_ALL=1)'
	@echo 'make fuzz     the fuzz targets alone, for longer (make fuzz FUZZ_SECONDS=600; one: scripts/fuzz http_head)'
	@echo 'make sanitize the C++ suite and the black-box tests on builds with ASan + UBSan and with TSan'
	@echo 'make bench    measure it and what it is compared with, in turn, and write docs/performance.md (an hour and more;'
	@echo '              fewer rounds: BENCH_ROUNDS=1; a part: BENCH_ONLY=flood or BENCH_ONLY=idle-.*/node; more: BENCH_ARGS=--help)'
	@echo 'make bench-micro  the codecs, the hub, the stores and the sends of a broadcast by themselves (Google Benchmark; BENCH_ARGS=--help)'
	@echo 'make lint     check the formatting, the types and the usual mistakes in all languages'
	@echo 'make format   format all files as make lint wants them'
	@echo 'make wheel    a wheel and a source distribution in dist/'
	@echo 'make clean    remove what was built (not .venv)'

run: build
	@exec build/bin/chatterlink-app $(if $(PORT),--port $(PORT)) $(ARGS)

build:
	@scripts/install-system-packages build
	@scripts/prepare-venv build
	@scripts/build

# The first runner that fails ends it, so that the last lines tell what is wrong. Each leaves out what has passed and has
# not changed since, if it is not told TEST_ALL=1.
test:
	@scripts/install-system-packages build test fuzz
	@scripts/prepare-venv dev
	@scripts/build all
	scripts/test-cpp
	scripts/fuzz --changed
	scripts/test-web
	@if [ -e tests/py/node/package.json ]; then scripts/npm-ci tests/py/node; fi
	@scripts/java-client
	scripts/test-py

fuzz:
	@scripts/install-system-packages build fuzz
	@scripts/prepare-venv build
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) scripts/fuzz

sanitize:
	@scripts/install-system-packages build test
	@scripts/prepare-venv dev
	@scripts/build
	@scripts/npm-ci tests/py/node
	@scripts/java-client
	scripts/sanitize

bench:
	@scripts/install-system-packages build bench
	@scripts/prepare-venv build
	@scripts/build
	@scripts/prepare-bench
	build/bench/venv/bin/python -m bench --rounds $(or $(BENCH_ROUNDS),3) $(if $(BENCH_ONLY),--only '$(BENCH_ONLY)') $(BENCH_ARGS)

bench-micro:
	@scripts/install-system-packages build bench
	@scripts/prepare-venv build
	@cmake --preset release -D CHATTERLINK_BENCH=ON -D Python_EXECUTABLE=$(CURDIR)/.venv/bin/python --log-level=WARNING
	@CCACHE_BASEDIR=$(CURDIR) cmake --build build --target chatterlink-micro
	build/bench/bin/chatterlink-micro $(BENCH_ARGS)

lint:
	@scripts/install-system-packages build lint
	@scripts/prepare-venv dev
	@cmake --preset tidy -D Python_EXECUTABLE=$(CURDIR)/.venv/bin/python --log-level=WARNING
	scripts/lint-cpp
	ruff check .
	ruff format --check .
	mypy
	shellcheck $(shell grep -lE '^.!/usr/bin/env bash' scripts/* .ci/* bench/peers/*/serve)
	@if [ -e web/package.json ]; then scripts/npm-ci web && npm --prefix web run lint; fi

format:
	@scripts/prepare-venv dev
	git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' | xargs clang-format -i
	ruff check --fix --exit-zero .
	ruff format .
	@if [ -e web/package.json ]; then scripts/npm-ci web && npm --prefix web run format; fi

wheel:
	@scripts/install-system-packages build
	@scripts/prepare-venv dev
	python -m build

clean:
	rm -rf build dist web/dist
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
