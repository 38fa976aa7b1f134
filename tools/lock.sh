#!/bin/sh
# Pin every package of pyproject.toml, hashes included. Run `make lock` after changing dependencies.
set -eu
cd "$(dirname "$0")/.."
pin() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links "$@"
}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
# What already stands in a lock stays there unless --upgrade is given.
for lock in requirements.lock requirements-build.lock; do
  [ ! -f "$lock" ] || cp "$lock" "$temporary/$lock"
done
pin pyproject.toml --extra dev --output-file "$temporary/requirements.lock" "$@"
# One package of libp2p's has no wheel; its build must not fetch tools nobody pinned.
printf 'setuptools\nwheel\n' | pin - --output-file "$temporary/requirements-build.lock" "$@"
mv "$temporary"/requirements*.lock .
