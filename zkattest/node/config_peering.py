"""Read the section `[peering]`: how consensus peers know this node, and how peers are found."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zkattest.net.boundary import KeyKind
from zkattest.net.enr import NodeRecord, parse_record
from zkattest.node.config_reader import Table
from zkattest.types.errors import DecodeError

_MOST_RECORDS: Final = 256


@dataclass(frozen=True, slots=True)
class PeeringConfig:
    """Hold the section; without it a node speaks gossip alone, to static peers alone."""

    key_kind: KeyKind = KeyKind.SECP256K1
    records: tuple[NodeRecord, ...] = ()
    peer_file: Path | None = None
    wanted_peers: int = 16
    requires_status: bool = False
    custody_group_count: int = 0
    mdns_interface: str | None = None


def read_peering(root: Table) -> PeeringConfig | None:
    """Read the section, None where it is left out; every record is verified."""
    if not root.has("peering"):
        return None
    table, default = root.table("peering"), PeeringConfig()
    interface = table.text("mdns_interface", "")
    if interface:
        table.make("mdns_interface", ipaddress.IPv4Address, interface)
    texts = table.texts("records", ())
    if len(texts) > _MOST_RECORDS:
        table.wrong("records", f"{len(texts)}, expected {_MOST_RECORDS} at most")
    read = [
        table.make(f"records[{index}]", _parse, text)
        for index, text in enumerate(texts[:_MOST_RECORDS])
    ]
    return PeeringConfig(
        key_kind=table.choice("key_kind", KeyKind, default.key_kind),
        records=tuple(record for record in read if record is not None),
        peer_file=table.path("peer_file"),
        wanted_peers=table.integer("wanted_peers", default.wanted_peers),
        requires_status=table.flag("requires_status", default=default.requires_status),
        custody_group_count=table.integer("custody_group_count", default.custody_group_count),
        mdns_interface=interface or None,
    )


def _parse(text: str) -> NodeRecord:
    try:
        record = parse_record(text)
        # A record is of use only when what leads to its peer can be read.
        _ = record.address, record.eth2
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return record
