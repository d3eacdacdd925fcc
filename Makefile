# What there is to do here. `make help` lists it.

CARGO ?= cargo
CARGO_TARGET_DIR ?= target
# What the program that an app is shipped with may take, in bytes.
SIZE ?= 10000000
# How long `make soak` goes on.
MINUTES ?= 60
TOOLS := $(CURDIR)/target/tools

.DEFAULT_GOAL := help
.PHONY: help setup demo test models lint audit-deps bench size peers bench-peers vite soak mutants fmt clean

help: ## lists these targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## installs the system packages that are missing (Debian, Ubuntu)
	@.ci/setup

demo: setup ## shows the notes app, on your display or on a private one
	$(CARGO) build --workspace --bins
	@$(CARGO_TARGET_DIR)/debug/demo

# The tests start the binaries, so all is built first; with the tests among it, since these want
# more features of some dependencies, which would be built twice otherwise.
test: setup ## runs every test, over real processes and real WebViews
	$(CARGO) build --workspace --bins --examples --tests
	$(CARGO) test --workspace
	$(CARGO) test -p sidegate --features models --lib models::

models: ## runs what calls share in every order of its threads (in some of them: `make test`)
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --features models --lib models:: -- --nocapture

lint: setup $(TOOLS)/bin/cargo-deny ## checks format, clippy, docs, licences and sources
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p sidegate --lib --tests --features models -- -D warnings
	$(CARGO) clippy -p sidegate --no-default-features --features run --bins -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	$(TOOLS)/bin/cargo-deny check --hide-inclusion-graph licenses bans sources

audit-deps: $(TOOLS)/bin/cargo-deny ## looks for known holes in dependencies (fetches a list from GitHub)
	$(TOOLS)/bin/cargo-deny check advisories

bench: setup ## runs every benchmark
	$(CARGO) build --release --workspace --bins
	$(CARGO) bench --workspace --features sidegate/stages --bench '*'

size: ## builds the program that an app is shipped with, and fails if it is larger than 10 MB
	$(CARGO) build --profile ship -p sidegate --no-default-features --features run
	@size=$$(stat -c %s $(CARGO_TARGET_DIR)/ship/sidegate); echo "sidegate: $$size bytes of $(SIZE)"; \
	test $$size -lt $(SIZE)

# A crate of its own, with a target directory of its own: nothing here waits for what it builds.
peers: ## asks Cedar whether it decides as we do, call by call
	cd tests/peers && $(CARGO) test --test oracle

bench-peers: ## asks us, Cedar, Casbin and Tauri the same question, and prints the times
	cd tests/peers && $(CARGO) bench --bench decide

vite: setup $(TOOLS)/vite/node_modules/vite ## shows hot reload with Vite itself (wants Node.js; fetches Vite from npm)
	$(CARGO) build -p sidegate -p sidegate-webview-host --bins
	SIDEGATE_VITE=$(TOOLS)/vite/node_modules/vite $(CARGO) test -p sidegate-tests --features vite --test host_vite

soak: setup ## runs storms, races, deaths and the second road in full, and the end-to-end tests for MINUTES (60)
	$(CARGO) build --release --workspace --bins
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --test files_storm --test revocation
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --test calls -- --nocapture --test-threads 1
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --lib b10_
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --features models --lib models::
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate --lib -- broker::tests::cancel broker::tests::documents broker::tests::stopped --include-ignored --test-threads 1
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate-capabilities --test reference -- --nocapture
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate-tests --test broker_flood --test broker_idle -- --nocapture
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate-tests --test host_profiles the_sandbox -- --nocapture
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate-tests --test host_bounds i01_ -- --nocapture
	SIDEGATE_SOAK=1 $(CARGO) test --release -p sidegate-tests --test host_races --test host_deaths --test broker_soak -- --nocapture
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); runs=0; \
	while [ $$(date +%s) -lt $$end ]; do \
		$(CARGO) test --release -p sidegate-tests -- --include-ignored || exit 1; \
		runs=$$((runs + 1)); \
	done; echo "$$runs runs, and no failure"

# Of the broker with what is quick and bears on it: the unit tests, and the suites of what asks, narrows
# and takes back. Each mutant is a build, so this is a matter of hours; what one of the two lets live does
# not keep the other from being looked at.
mutants: $(TOOLS)/bin/cargo-mutants $(TOOLS)/bin/cargo-nextest ## breaks the code that decides, piece by piece, and looks which test notices
	@PATH="$(TOOLS)/bin:$$PATH"; all=0; \
	$(CARGO) mutants -p sidegate-capabilities -o target/mutants-capabilities || all=$$?; \
	$(CARGO) mutants -p sidegate -o target/mutants-broker -- \
		--lib --test confirm --test layers --test revocation -E 'not test(b01_) and not test(::models)' || all=$$?; \
	exit $$all

fmt: ## formats the source
	$(CARGO) fmt --all

clean: ## removes what was built
	$(CARGO) clean

$(TOOLS)/vite/node_modules/vite:
	npm install --prefix $(TOOLS)/vite --no-save --no-fund --no-audit vite@7.3.8

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --root $(TOOLS) cargo-deny@0.19.9

$(TOOLS)/bin/cargo-mutants:
	$(CARGO) install --locked --root $(TOOLS) cargo-mutants@27.1.0

$(TOOLS)/bin/cargo-nextest:
	$(CARGO) install --locked --root $(TOOLS) cargo-nextest@0.9.143
