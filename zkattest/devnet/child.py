"""
Be one process of the devnet: an attester or a player.

Everything is imported before the first line of standard input says what to be, so that the
conductor fixes genesis when all are ready. Standard input stays open as a leash: when it ends,
the process ends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import trio

from zkattest.devnet.keys import validator_secret
from zkattest.devnet.pack import load_pack
from zkattest.devnet.player import Player
from zkattest.devnet.scenario import Kind, Publication, Role
from zkattest.node.config import load_config
from zkattest.node.main import json_lines_observer, run_node
from zkattest.node.signing import Signer
from zkattest.types.ids import ValidatorIndex


def main() -> None:
    """Wait for orders, then follow them until the leash is let go."""
    observer = json_lines_observer()
    observer.event("ready")
    # Unbuffered, so that nothing of the leash is swallowed here.
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        line = stdin.readline()
    if not line:
        return
    orders = json.loads(line)
    config = load_config(Path(orders["config"]))
    if orders["role"] == "attester":
        trio.run(run_node, config, observer)
        return
    pack = load_pack(Path(orders["vectors"]))
    index = ValidatorIndex(orders["validator"])
    signer = Signer(config.profile.fork, index, validator_secret(index))
    publications = [read_publication(entry) for entry in orders["publications"]]
    trio.run(Player(config, pack, signer, publications, observer).run)


def read_publication(entry: dict[str, Any]) -> Publication:
    """Read one line of the script."""
    return Publication(
        slot=entry["slot"],
        at=entry["at"],
        role=Role(entry["role"]),
        kind=Kind(entry["kind"]),
        number=entry["number"],
        under=entry["under"],
    )


if __name__ == "__main__":
    main()
