# make run        builds webmon and serves; needs Go alone
# make test       everything: sets up inside the checkout what it needs
# make test-fast  the tests that need Go alone
# make bench      figures, each beside what people have today
# make soak       an hour of load, watching memory
# make torture    a mixed load with faults for TORTURETIME
# make sbom       dist/webmon.cdx.json: what webmon is made of
# make vulns      looks for known vulnerabilities in it
# make dist       dist/: wheels and archives for every platform, with checksums; FOR=here: for this one
# make pictures   the README's pictures, of the demo, and one of each page in artifacts/
# make generate   writes the generated files that are committed
# make vendor     writes public/vendor anew from the pinned packages of others
# make fuzz       every fuzz target for FUZZTIME each

SHELL := /bin/bash
GO ?= go
FUZZTIME ?= 2s
SOAKTIME ?= 1h
TORTURETIME ?= 10m
# Flags for webmon, as in: make run ARGS="--port 5055"
ARGS ?=
# The platform that make dist builds for, such as linux-arm64, or here; all by default.
FOR ?=

.PHONY: run build test test-fast static check cross test-go test-py test-api test-js fuzz bench soak torture sbom vulns dist pictures generate vendor setup setup-go setup-js clean

run: build
	./bin/webmon $(ARGS)

# Go's own stamp would do, but for those who have switched it off, and for worktrees.
build: COMMIT = $(addprefix g,$(shell git describe --always --exclude='*' --abbrev=12 --dirty=.dirty 2>/dev/null))
build:
	$(GO) build -ldflags '-X webmon/dashboard.commit=$(COMMIT)' -o bin/webmon .

test:
	@.ci/test.sh

pictures: setup-js
	$(GO) test -tags pictures -count 1 -timeout 30m -run TestPictures -v ./e2e

# What only looks at the sources.
static: setup-go setup-js
	@$(MAKE) --no-print-directory check cross

test-fast:
	$(GO) vet ./...
	$(GO) test -short ./...

# The tests with a real napari, real Pythons and a real browser. Outside CI
# what is missing of the system's own packages is said, and those tests are
# left out; in CI it is a failure.
setup: setup-go setup-js
	@if [ -n "$$CI" ]; then .ci/system.sh install; else .ci/system.sh || true; fi
	.ci/venvs.sh

# Go fetches modules when it needs them, and does not try twice.
setup-go:
	.ci/again $(GO) list -deps -test ./... tool >/dev/null

setup-js: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	.ci/again npm ci --no-audit --no-fund
	@touch $@

check:
	@set -o pipefail; bad=$$(git ls-files -co --exclude-standard '*.go' | grep -v '_templ\.go$$' | xargs gofmt -l) || exit 1; \
	  if [ -n "$$bad" ]; then echo "not gofmt-ed: $$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	.ci/deadcode.sh
	$(GO) mod tidy -diff
	npm run --silent lint
	.ci/check-generated.sh
	.ci/check-python.sh

# What builds here is built for the other systems too, and checked for two. Paths are
# trimmed, as in a release, so that the test which builds one twice finds this in the cache.
cross:
	@for target in linux/arm64 darwin/arm64 windows/amd64; do echo "build $$target"; \
	  CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -trimpath -o /dev/null . || exit 1; done
	@for target in darwin/arm64 windows/amd64; do echo "vet $$target"; \
	  CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) vet ./... || exit 1; done

test-go: setup
	$(GO) test -timeout 5m ./shm/model/builtin/gpe # its long runs are left out where the race detector slows them
	@bad=0; $(GO) test -race -timeout 30m $$($(GO) list ./... | grep -v '/e2e$$') || bad=1; \
	  $(GO) test -race -timeout 45m ./e2e || bad=1; exit $$bad # browsers that draw in software need both cores

# The Python package: under the oldest and the newest NumPy, with the package neuroglancer, and inside napari.
test-py: setup
	.ci/venvs.sh numpy1 numpy2 neuroglancer
	$(GO) build -o .cache/webmon-tested .
	@mkdir -p .cache; for env in numpy1 numpy2; do \
	  PYTHONPATH=shm/python/src PYTHONDONTWRITEBYTECODE=1 .venv/$$env/bin/python -m pytest -q \
	  -c shm/python/pyproject.toml --ignore shm/python/tests/napari shm/python/tests >.cache/pytest-$$env.log 2>&1 & \
	  pids="$$pids $$!"; done; \
	  TESTED_WEBMON=$(CURDIR)/.cache/webmon-tested PYTHONPATH=shm/python/src PYTHONDONTWRITEBYTECODE=1 .venv/neuroglancer/bin/python -m pytest -q \
	  -c shm/python/pyproject.toml shm/python/tests/test_neuroglancer.py >.cache/pytest-neuroglancer.log 2>&1 & \
	  pids="$$pids $$!"; bad=0; for pid in $$pids; do wait $$pid || bad=1; done; \
	for env in numpy1 numpy2 neuroglancer; do echo "pytest under $$(.venv/$$env/bin/python --version), $$env"; cat .cache/pytest-$$env.log; done; \
	.ci/test-napari-plugin.sh || bad=1; exit $$bad

# Every address that /api/openapi.json describes, asked well and badly, of a real webmon.
test-api: setup-go
	.ci/venvs.sh api
	.ci/check-api.sh

test-js: setup-js
	npm test

fuzz:
	.ci/fuzz.sh $(FUZZTIME)

bench: setup-js
	.ci/bench.sh

soak:
	SOAKTIME=$(SOAKTIME) .ci/bench.sh soak

torture:
	TORTURETIME=$(TORTURETIME) .ci/bench.sh torture

sbom:
	$(GO) run ./release sbom -o dist/webmon.cdx.json

vulns: setup-js
	.ci/vulns.sh

dist:
	.ci/venvs.sh dist
	$(GO) run ./release build -o dist -python .venv/dist/bin/python -for "$(FOR)"

generate: setup-js
	.ci/generate.sh

vendor:
	.ci/vendor.sh

clean:
	rm -rf bin artifacts dist .cache
