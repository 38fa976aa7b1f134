# Every target prepares what it needs; `make setup` alone leaves .venv/bin/zkattest behind.
.DEFAULT_GOAL := help
.PHONY: discovery embed help setup demo soak fuzz test test-rust test-python test-prove check format guest record vectors wheel bench lock

.NOTPARALLEL:

BIN := .venv/bin
CARGO := tools/cargo.sh
RUST := --manifest-path rust/Cargo.toml --locked
FUZZ_SECONDS ?= 600
CRATES := rust/Cargo.toml rust/fuzz/Cargo.toml tests/interop/rust/Cargo.toml discovery/Cargo.toml benches/delivery/shaper/Cargo.toml $(wildcard guests/sp1/*/Cargo.toml provers/*/Cargo.toml)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: ## environment, pinned packages, zkattest._core, .venv/bin/zkattest
	@tools/setup.sh

demo: setup ## play the recorded chain: one builder, four attesters, faults included
	@$(BIN)/zkattest demo $(DEMO)

test: setup test-rust test-python ## every test that needs no prover

test-rust: setup
	$(CARGO) test $(RUST) --release --workspace --quiet
	$(CARGO) test --manifest-path guests/sp1/crypto/Cargo.toml --locked --quiet
	$(CARGO) test --manifest-path provers/field-tests/Cargo.toml --locked --release --quiet
	$(CARGO) test --manifest-path benches/delivery/shaper/Cargo.toml --locked --quiet

test-python: setup
	$(BIN)/python -m pytest -m "not prove" $(PYTEST)

test-prove: setup ## prove one small block live and verify it (minutes, 16 GiB)
	$(BIN)/zkattest prover init
	$(BIN)/python -m pytest -m prove $(PYTEST)

soak: setup ## one hour of honest load under all attacks in random turns; a line a minute
	$(BIN)/python -m tests.helpers.soak $(SOAK)

discovery: ## build the program that finds peers by discv5; prints where it is
	@target=$${XDG_CACHE_HOME:-$$HOME/.cache}/zkattest/target-discovery; \
	CARGO_TARGET_DIR=$$target $(CARGO) build --manifest-path discovery/Cargo.toml --release --locked --quiet && \
	echo $$target/release/zkattest-discovery

embed: ## libzkattest_verify for programs in C, Go and others: header and libraries in dist/embed
	$(CARGO) run $(RUST) --release --quiet -p zkattest-capi-header
	@tools/embed.sh

fuzz: setup ## fuzz every target, FUZZ_SECONDS each (600); findings in .fuzz/
	for target in $$(tools/fuzz.sh list); do tools/fuzz.sh $$target $(FUZZ_SECONDS) || exit; done

check: setup ## format, lint, types, import contracts, spelling; Python and Rust
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	for crate in $(CRATES); do $(CARGO) fmt --manifest-path $$crate --all --check || exit; done
	$(CARGO) clippy $(RUST) --workspace --all-targets --quiet -- -D warnings

format: setup ## format everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	for crate in $(CRATES); do $(CARGO) fmt --manifest-path $$crate --all || exit; done

guest: setup ## rebuild the guest program and compare it with the committed one
	$(BIN)/python -m tools.build_guests

record: setup ## regenerate the recorded chain and prove what is not proven yet
	$(BIN)/python -m tools.record_chain all

vectors: setup ## write the vectors (the recorded chain apart), and pack all of them into dist/
	$(BIN)/python -m tools.vectors fill
	$(BIN)/python -m tools.vectors.execution fill
	$(BIN)/python -m tools.vectors.eip8025 fill
	$(BIN)/python -m tools.vectors pack

wheel: setup ## build a wheel into dist/
	$(BIN)/python -m tools.build_wheel

bench: setup ## print the speed tables
	for bench in benches/bench_*.py; do $(BIN)/python "$$bench" || exit; done
	$(BIN)/python -m benches.static
	$(BIN)/python -m benches.delivery
	$(BIN)/python -m benches.verifiers
	$(BIN)/python -m benches.engine_load

lock: setup ## pin the dependencies of pyproject.toml again
	tools/lock.sh
