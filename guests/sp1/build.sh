#!/bin/sh
# Build the guest program in the folder $1 with Debian's compiler; print the path of the ELF, which depends on neither folder nor user.
# Settings by environment: CARGO_TARGET_DIR, ZKATTEST_GUEST_RUSTC, ZKATTEST_GUEST_CARGO.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
crate=$(CDPATH= cd -- "$1" && pwd)
target=riscv64im-succinct-zkvm-elf
RUSTC=${ZKATTEST_GUEST_RUSTC:-/usr/bin/rustc}
cargo=${ZKATTEST_GUEST_CARGO:-/usr/bin/cargo}
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-/tmp/target-guest}
registry=${CARGO_HOME:-$HOME/.cargo}
sysroot=$("$RUSTC" --print sysroot)
sources=$(readlink -f "$sysroot/lib/rustlib/src/rust" || true)
repository=$(CDPATH= cd -- "$here/../.." && pwd)
export RUSTC CARGO_TARGET_DIR RUSTC_BOOTSTRAP=1
# A separator that paths cannot contain, since flags hold quotes and paths may hold spaces.
unit=$(printf '\037')
CARGO_ENCODED_RUSTFLAGS="-Cpasses=lower-atomic${unit}-Clink-arg=--image-base=0x78000000${unit}-Cpanic=abort"
CARGO_ENCODED_RUSTFLAGS="$CARGO_ENCODED_RUSTFLAGS${unit}--cfg${unit}getrandom_backend=\"custom\""
CARGO_ENCODED_RUSTFLAGS="$CARGO_ENCODED_RUSTFLAGS${unit}-Zlocation-detail=none${unit}-Cstrip=symbols"
for map in "$repository=/zkattest" "$registry=/cargo" "${sources:-$sysroot}=/rust" "$CARGO_TARGET_DIR=/target"; do
    CARGO_ENCODED_RUSTFLAGS="$CARGO_ENCODED_RUSTFLAGS${unit}--remap-path-prefix=$map"
done
export CARGO_ENCODED_RUSTFLAGS
unset RUSTFLAGS
cd "$crate"
"$cargo" build --locked --release -Zbuild-std=core,alloc,std,panic_abort \
    -Zbuild-std-features=compiler-builtins-mem -Zjson-target-spec --target "$here/$target.json" >&2
name=$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
echo "$CARGO_TARGET_DIR/$target/release/$name"
