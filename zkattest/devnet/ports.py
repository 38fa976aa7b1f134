"""Ports of loopback that processes started later can listen on."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

# Below what Linux, the BSDs and Windows give to outgoing connections: such a port could be
# taken by anybody's request between its being found and its being listened on.
_CANDIDATES = range(15_000, 32_000)


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Find distinct ports that nobody listens on; all are held until all are found.

    Raises:
        OSError: so many are not free.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_CANDIDATES, len(_CANDIDATES)):
            if len(found) == count:
                break
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    if len(found) < count:
        raise OSError(f"no {count} ports of loopback are free")
    return found
