"""Read the section `[peering]`: how consensus peers know this node, and how peers are found."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zkattest.net.boundary import KeyKind
from zkattest.net.enr import NodeRecord, parse_record
from zkattest.node.config_reader import Table
from zkattest.node.config_sections import parse_listen
from zkattest.types.errors import DecodeError

_MOST_RECORDS: Final = 256


@dataclass(frozen=True, slots=True)
class Discv5Config:
    """Say which program searches, where it listens, and what our record says of us."""

    program: Path
    listen: str
    ip: ipaddress.IPv4Address | None = None


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
    discv5: Discv5Config | None = None


def read_peering(root: Table) -> PeeringConfig | None:
    """Read the section, None where it is left out; every record is verified."""
    if not root.has("peering"):
        return None
    table, default = root.table("peering"), PeeringConfig()
    interface = table.text("mdns_interface", "")
    if interface:
        table.make("mdns_interface", ipaddress.IPv4Address, interface)
    key_kind = table.choice("key_kind", KeyKind, default.key_kind)
    discv5 = _read_discv5(table)
    if discv5 is not None and key_kind is not KeyKind.SECP256K1:
        table.wrong("discv5_program", f"needs a key of the kind {KeyKind.SECP256K1}")
    texts = table.texts("records", ())
    if len(texts) > _MOST_RECORDS:
        table.wrong("records", f"{len(texts)}, expected {_MOST_RECORDS} at most")
    read = [
        table.make(f"records[{index}]", _parse, text)
        for index, text in enumerate(texts[:_MOST_RECORDS])
    ]
    return PeeringConfig(
        key_kind=key_kind,
        records=tuple(record for record in read if record is not None),
        peer_file=table.path("peer_file"),
        wanted_peers=table.integer("wanted_peers", default.wanted_peers),
        requires_status=table.flag("requires_status", default=default.requires_status),
        custody_group_count=table.integer("custody_group_count", default.custody_group_count),
        mdns_interface=interface or None,
        discv5=discv5,
    )


def _read_discv5(table: Table) -> Discv5Config | None:
    program = table.path("discv5_program")
    listen, ip = table.text("discv5_listen", "0.0.0.0:9000"), table.text("discv5_ip", "")
    table.make("discv5_listen", parse_listen, listen)
    address = table.make("discv5_ip", ipaddress.IPv4Address, ip) if ip else None
    return None if program is None else Discv5Config(program, listen, address)


def _parse(text: str) -> NodeRecord:
    try:
        record = parse_record(text)
        # A record is of use only when what leads to its peer can be read.
        _ = record.address, record.eth2
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return record
