# make demo and make test do all of their own set-up; see make help.

GO         ?= go
STATICCHECK = $(GO) tool -modfile=internal/tools/go.mod staticcheck
NLGEN       = $(GO) run ./cmd/nlgen

# Packages in which several goroutines share state.
RACE = ./runtime/... ./families/... ./internal/demotest

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Generate a client into a temporary module and use it on this kernel
	@sh scripts/demo.sh

.PHONY: test
test: deps lint stale test-vm ## Run every check and test
	$(GO) test -race $(RACE)
	sh scripts/s390x.sh
	$(GO) test -timeout 15m $$($(GO) list ./... | grep -v /internal/vm)

.PHONY: bench
bench: ## Measure against C, hand-written Go and other libraries, into docs/
	cd internal/bench && $(GO) run . -out ../../docs $(BENCHFLAGS)

.PHONY: deps
deps: ## Install the packages that the tests use as oracles
	@sh scripts/deps.sh

# What runs in the virtual machine is built by the tests, unknown to go's cache of
# results, so they run each time.
.PHONY: test-vm
test-vm: ## Run the tests in a virtual machine with Linux 6.12
	@sh scripts/deps.sh vm
	$(GO) test -count=1 -p 1 ./internal/vm/...

.PHONY: lint
lint: ## Check the form of the code: gofmt, vet, staticcheck, govulncheck
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "not gofmt-clean: $$files"; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	@sh scripts/vulncheck.sh

.PHONY: stale
stale: ## Check that families/ is what the specs give
	$(NLGEN) generate --check

.PHONY: generate
generate: ## Generate families/ from specs/
	$(NLGEN) generate

.PHONY: update
update: ## Rewrite the golden files of the tests
	$(GO) test ./internal/roundtrip $$(git grep -l internal/golden -- '*_test.go' | xargs dirname | sort -u | sed 's|^|./|') -update

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME
	sh scripts/fuzz.sh $(FUZZTIME)
FUZZTIME ?= 10m
