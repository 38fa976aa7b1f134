#!/bin/sh
# Build libzkattest_verify, and lay it out as programs in C look for it: tools/embed.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
into=${1:-dist/embed}
: "${CARGO_TARGET_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/zkattest/target-rust}"
export CARGO_TARGET_DIR
tools/cargo.sh build --manifest-path rust/Cargo.toml --locked --release --quiet -p zkattest-capi
header=rust/capi/include/zkattest_verify.h
abi=$(sed -n 's/^#define ZKATTEST_ABI_VERSION //p' "$header")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' rust/Cargo.toml)
built=$CARGO_TARGET_DIR/release
install -d "$into/include" "$into/lib/pkgconfig"
install -m 644 "$header" "$into/include"
install -m 644 "$built/libzkattest_verify.a" "$into/lib"
install -m 644 "$built/libzkattest_verify.so" "$into/lib/libzkattest_verify.so.$abi"
ln -sf "libzkattest_verify.so.$abi" "$into/lib/libzkattest_verify.so"
# The folder may be moved: everything is found from where this file lies.
cat > "$into/lib/pkgconfig/zkattest_verify.pc" <<PC
prefix=\${pcfiledir}/../..
Name: zkattest_verify
Description: verification of execution proofs
Version: $version
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -lzkattest_verify
Libs.private: -lpthread -ldl -lm
PC
find "$into" -type f -o -type l | sort
