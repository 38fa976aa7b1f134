#!/bin/sh
# Run cargo with its products outside the checkout, so that a second clone has little left to build.
set -eu
: "${CARGO_TARGET_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/zkattest/target-rust}"
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export CARGO_TARGET_DIR PATH
exec cargo "$@"
