# What people do with a checkout. "make test" and "make demo" set up all that they need.

SHELL := /bin/sh
PYTHON := build/venv/bin/python
.PHONY: help setup engine stack test test-all demo bench lint stop clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  */\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
	    printf '  make %-8s %s\n' "$$name" "$$what"; done

setup:  ## install the Debian packages that are missing (as root), and make build/venv
	@dev/setup

engine: setup  ## print the DOCKER_HOST to use; starts an engine below build/ if none answers
	@dev/engine ensure

stack: setup  ## make the base images, unless they are there
	@dev/engine run $(PYTHON) -m gitreceive.cli.stack build

test: setup  ## lint, and all tests but the slow ones; ARGS="-k word" goes to pytest
	@dev/engine try dev/test $(ARGS)

test-all: setup  ## lint and all tests: every app case, built twice; other engines; a run of the bench
	@dev/setup clients
	@dev/engine try dev/test --all

demo: setup  ## a receiver, two apps, two pushes, two slugs: see it work
	@dev/engine run sh -c '$(PYTHON) -m gitreceive.cli.stack build && $(PYTHON) dev/demo.py $(ARGS)'

bench:  ## compare with the naive way; prints a table in Markdown
	@dev/setup bench
	@dev/engine run sh -c '$(PYTHON) -m gitreceive.cli.stack build --with php && $(PYTHON) -m bench $(ARGS)'

lint: setup  ## style, words, types and import contracts
	@dev/lint

stop:  ## end the engine that was started below build/
	@dev/engine stop

clean: stop  ## remove build/ with all that is in it
	@! grep -F " $(CURDIR)/build/" /proc/mounts || { echo ' !     the above is still mounted below build/' >&2; exit 1; }
	rm -rf --one-file-system build
