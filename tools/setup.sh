#!/bin/sh
# Find Python 3.11 and hand over to setup.py, which does everything else.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
for python in "${PYTHON:-}" python3.11 /usr/bin/python3.11 python3; do
  if [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    exec "$python" "$root/tools/setup.py" "$@"
  fi
done
echo "zkattest: setup: Python 3.11 is missing: install it with 'apt install python3.11 python3.11-venv', or name one with PYTHON=/path/to/python3.11" >&2
exit 2
