#!/bin/sh
# Pin the oracle's packages, hashes included.
set -eu
cd "$(dirname "$0")"
../../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --only-binary :all: \
  requirements.in --output-file requirements.lock "$@"
