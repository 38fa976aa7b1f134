"""Call the oracle as a process: a chain goes in, what executing it gives comes out."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.oracle.environment import OracleError, ensure_environment

SCRIPT = Path(__file__).with_name("execute.py")


def execute_chain(genesis: dict[str, Any], blocks: Sequence[bytes]) -> list[dict[str, Any]]:
    """Execute blocks from genesis on; one object a block."""
    request = {"genesis": genesis, "blocks": [block.hex() for block in blocks]}
    # Isolated: neither this project nor its packages are in sight of the oracle.
    done = subprocess.run(
        [str(ensure_environment()), "-I", str(SCRIPT)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OracleError(done.stderr.strip())
    answer: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return answer["blocks"]
