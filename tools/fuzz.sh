#!/bin/sh
# Fuzz one target, guided by coverage: tools/fuzz.sh TARGET SECONDS [libFuzzer options].
# SECONDS 0 builds only; 'tools/fuzz.sh list' lists the targets. Findings go to .fuzz/TARGET, and
# what reaches new code to the cache; tests/fuzz/corpus/TARGET is read and never written.
set -eu
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zkattest
crate=rust/fuzz
rust=$(for path in "$crate"/fuzz_targets/*.rs; do basename "$path" .rs; done)
python="body check claim gossip keystore link negotiation payload_request proof proof_json records requests revision rpc system_proof validators values vector verifier_key yamux"
usage="usage: tools/fuzz.sh TARGET SECONDS [libFuzzer options]"
target=${1:?$usage}
if [ "$target" = list ]; then
  printf '%s\n' $rust $python
  exit
fi
seconds=${2:?$usage}
shift 2
known=no
for name in $rust; do [ "$name" != "$target" ] || known=rust; done
for name in $python; do [ "$name" != "$target" ] || known=python; done
if [ "$known" = no ]; then
  echo "fuzz: no target '$target'; 'tools/fuzz.sh list' lists them" >&2
  exit 2
fi
if [ "$known" = rust ]; then
  # What cargo-fuzz passes, less the sanitizers, which want a nightly compiler: the code is safe
  # Rust, and coverage is what makes libFuzzer find its way.
  flags="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module"
  for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -Cllvm-args=-sanitizer-coverage-$option"
  done
  PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
  host=$(cd rust && rustc -vV | sed -n 's/^host: //p')
  export CARGO_TARGET_DIR="${FUZZ_TARGET_DIR:-$cache/target-fuzz}"
  # Flags beside --target leave build scripts and macros alone.
  RUSTFLAGS="$flags ${RUSTFLAGS:-}" tools/cargo.sh build --quiet --release --locked \
    --target "$host" --manifest-path "$crate/Cargo.toml" --bin "$target"
fi
[ "$seconds" != 0 ] || exit 0
mkdir -p ".fuzz/$target" "$cache/fuzz/$target"
set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
  -artifact_prefix=".fuzz/$target/" "$@" "$cache/fuzz/$target" "tests/fuzz/corpus/$target"
if [ "$known" = rust ]; then
  exec "$CARGO_TARGET_DIR/$host/release/$target" "$@"
fi
exec .venv/bin/python -m tests.fuzz.run "$target" "$@"
