# SPDX-License-Identifier: GPL-2.0-or-later
# Shortcuts for common tasks. CMake does the actual build (CMakePresets.json); this file only calls it.
#
#   SETUP=0      `make run` and `make check` do not install missing packages (for machines without apt-get)
#   WERROR=ON    compiler warnings are errors (CI)
#   JOBS=N       number of guests that run at once (default: one per CPU). `make check` runs one test more than that at
#                once, since many tests wait
#   PREFIX=DIR   target of `make install` (default /usr/local); DESTDIR= as usual
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

SETUP ?= 1
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
CPUS ?= 1,2,4
FUZZ_SECONDS ?= 60
SOAK_ROUNDS ?= 200
SOAK_CPUS ?= 2
MIXED_ROUNDS ?= 10
MIXED_SEED ?= 1
WERROR ?= OFF

# The compiler of the sanitized trees: the presets' own, else the one that the system has.
llvm = $(firstword $(foreach version,16 19 18 17 20 21,$(if $(shell command -v clang++-$(version)),$(version))))
clang = $(if $(llvm),-DCMAKE_C_COMPILER=clang-$(llvm) -DCMAKE_CXX_COMPILER=clang++-$(llvm))
setup := $(if $(filter 0,$(SETUP)),:,tools/install-dependencies.sh)
sources = $(shell git ls-files 'framework/*pp' 'emulator/*pp' 'guest/*pp' 'library/*pp' 'tests/*pp' 'benchmarks/*pp' 'examples/*pp')

.NOTPARALLEL:
.PHONY: help build tests run check asan tsan tidy-changed fuzz bench soak mixed many-cpus verdicts examples in-tree kernels lint format install uninstall clean setup \
        snapshots setup-check setup-lint setup-package package package-check image-check \
        sanitized

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# ---- for users ----------------------------------------------------------------------------------------------------

run: setup build ## sets everything up and runs every plan of testplans/ in guests with 1, 2 and 4 CPUs
	build/kmodtest run testplans --cpus $(CPUS)

check: setup-check build tests sanitized tidy-changed ## sets everything up and runs the whole test suite (ctest)
	tools/run-tests.sh build --parallel $$(($(JOBS) + 1))

build: build/build.ninja ## builds build/kmodtest (`make setup` installs the required packages)
	cmake --build build --target kmodtest kmodtest-agent kmodtest-qemu manual

tests: build/build.ninja
	cmake --build build

install: build ## installs below PREFIX (and DESTDIR)
	cmake --build build --target kmodtest_library
	DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

package: build/build.ninja ## makes build/kmodtest_VERSION_amd64.deb and build/kmodtest-dev_VERSION_amd64.deb
	cmake --build build
	rm -f build/kmodtest_*.deb build/kmodtest-dev_*.deb
	cd build && cpack --config CPackConfig.cmake
	@ls -l build/kmodtest*.deb

uninstall: ## removes the files of the last `make install`
	@test -f build/install_manifest.txt || { echo "nothing was installed from this folder (no build/install_manifest.txt)" >&2; exit 2; }
	@while read -r file || test -n "$$file"; do echo "removing $(DESTDIR)$$file"; rm -f -- "$(DESTDIR)$$file"; done <build/install_manifest.txt

clean: ## removes every build folder (the kernels in ~/.cache/kmodtest stay)
	rm -rf build

# ---- for developers -----------------------------------------------------------------------------------------------

asan: sanitized ## runs the unit tests under AddressSanitizer and UBSan
	tools/with-fixed-addresses.sh ctest --test-dir build/asan --label-regex '^unit$$' --output-on-failure --no-tests=error --parallel $(JOBS)

tsan: build/tsan/build.ninja ## runs the unit tests under ThreadSanitizer
	cmake --build build/tsan --target unit_tests
	tools/with-fixed-addresses.sh ctest --test-dir build/tsan --label-regex '^unit$$' --output-on-failure --no-tests=error --parallel $(JOBS)

tidy-changed: ## runs clang-tidy on changed files (tools/tidy-changed.sh)
	tools/tidy-changed.sh

fuzz: sanitized ## runs every fuzz target for FUZZ_SECONDS (default 60)
	KMODTEST_FUZZ_SECONDS=$(FUZZ_SECONDS) tools/with-fixed-addresses.sh \
	  ctest --test-dir build/asan --label-regex '^fuzz$$' --output-on-failure --no-tests=error --parallel $(JOBS)

bench: tests ## measures the figures of the documentation (several minutes; do not use the machine meanwhile)
	build/kmodtest-bench

soak: build ## runs each healthy plan SOAK_ROUNDS times (default 200) on SOAK_CPUS CPUs (2); none must fail. Also runs the plans that last an hour, and shows the time to a verdict
	build/kmodtest run tests/e2e/long --modules modules/faulty --jobs $(JOBS)
	build/kmodtest run testplans/faulty --jobs $(JOBS) --quiet --json build/soak-faulty.jsonl
	build/kmodtest run testplans testplans/healthy --repeat $(SOAK_ROUNDS) --cpus $(SOAK_CPUS) --jobs $(JOBS) --quiet --json build/soak.jsonl
	tools/verdicts-table.py --times build/soak-faulty.jsonl build/soak.jsonl

mixed: build ## runs healthy and faulty plans in a mixed order (MIXED_SEED) MIXED_ROUNDS times, about 1000 cases
	build/kmodtest run testplans testplans/faulty --repeat $(MIXED_ROUNDS) --shuffle $(MIXED_SEED) --jobs $(JOBS) --quiet

many-cpus: build ## runs the plans with 64 CPUs, and in unusual topologies, twice each (three minutes)
	build/kmodtest run testplans/*.yaml --cpus 64 --repeat 2 --jobs 1
	build/kmodtest run tests/e2e/many_cpus --modules modules --repeat 2 --jobs 1

package-check: setup-package package ## installs the packages on a clean Debian 12 and a clean Debian 13 (chroots, needs root) and tests them there
	tools/check-package.sh build bookworm
	tools/check-package.sh build trixie

image-check: setup-package ## builds the Dockerfile (chroot, needs root) and runs `make run` in it
	tools/check-image.sh

verdicts: build ## runs the modules that are broken on purpose, and the healthy ones, and writes docs/verdicts.md
	build/kmodtest run testplans/faulty --jobs $(JOBS) --quiet
	build/kmodtest run testplans/faulty --jobs $(JOBS) --quiet --json build/verdicts.jsonl
	build/kmodtest run testplans/healthy --jobs $(JOBS) --quiet --json build/healthy.jsonl
	tools/verdicts-table.py build/verdicts.jsonl build/healthy.jsonl >build/verdicts.md
	mv build/verdicts.md docs/verdicts.md

examples: build ## runs the plans in examples/, also those that need a kernel with more drivers (it is fetched)
	build/kmodtest run examples

in-tree: build ## loads and unloads modules of the kernel's own package, and lists every accusation
	tools/in-tree-modules.py --jobs $(JOBS)

kernels: build ## runs all plans on each kernel of the catalogue, and writes docs/guide/kernel-table.md (takes hours)
	tools/kernels-table.py --jobs $(JOBS) >build/kernel-table.md || echo "some cases did not pass: the table lists them"
	mv build/kernel-table.md docs/guide/kernel-table.md

snapshots: build/build.ninja ## updates the recorded terminal output in tests/data/terminal, after an intended change
	cmake --build build --target test_report
	rm -f tests/data/terminal/*.txt
	KMODTEST_UPDATE_SNAPSHOTS=1 build/test_report --gtest_brief=1 --gtest_filter='*Snapshot*'
	git diff --stat -- tests/data/terminal

lint: setup-lint tests ## runs clang-format, clang-tidy, shellcheck and the rules of tests/lint
	tests/lint/lint.sh all .
	clang-format-14 --dry-run -Werror $(sources)
	shellcheck $$(git ls-files '*.sh' .ci/run)
	cmake --preset dev
	@# Not library/, whose interface has std::source_location: clang learned it in 16.
	run-clang-tidy-14 -quiet -p build/dev -j $(JOBS) '^$(CURDIR)/(framework|emulator|guest|benchmarks)/.*[.]cpp$$'

format: ## formats every C++ file
	clang-format-14 -i $(sources)

# ---- steps of these targets ---------------------------------------------------------------------------------------

setup: ## installs the Debian packages that are needed for building and running
	@$(setup)

setup-check:
	@$(setup) $(if $(filter :,$(setup)),,--check)

setup-lint:
	@$(setup) $(if $(filter :,$(setup)),,--lint)

setup-package:
	@$(setup) $(if $(filter :,$(setup)),,--package)

# Ninja reruns CMake automatically after a change of a CMakeLists.txt, but not after a change of the presets.
build/build.ninja: CMakePresets.json
	cmake --preset release -DKMODTEST_WERROR=$(WERROR) || { echo "\`make setup\` installs missing packages" >&2; exit 1; }
	@touch $@

build/asan/build.ninja: CMakePresets.json | setup-check
	cmake --preset asan -DKMODTEST_WERROR=$(WERROR) $(clang)
	@touch $@

build/tsan/build.ninja: CMakePresets.json | setup-check
	cmake --preset tsan $(clang)
	@touch $@

sanitized: build/asan/build.ninja
	cmake --build build/asan --target unit_tests fuzz_targets
