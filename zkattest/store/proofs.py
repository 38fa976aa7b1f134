"""
Keep execution proofs, and what is known of them, in SQLite or PostgreSQL.

SQLite (write-ahead) is for one node; PostgreSQL for operators who run many and back them up
together. A node's rows carry its name, so that several share one database. Proofs are megabytes:
they are written and served from here, and never held in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from zkattest.machines.proof_events import (
    DropWaiting,
    ForgetProofs,
    KeepBlock,
    KeepPrograms,
    KeepProof,
    KeepWaiting,
    ProofMark,
    ProofSaveEffect,
    SavedBlock,
    SavedProofs,
    WaitingProof,
)
from zkattest.store.proof_limits import DEFAULT_MAX_KEPT_BYTES, END_OF_SLOTS
from zkattest.store.sqlite import StoreError
from zkattest.types.errors import DecodeError
from zkattest.types.ids import PeerName, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import PublicValues

_VERSION: Final = 1
_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+pg8000"}

_METADATA: Final = sa.MetaData()


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Declare a table whose rows belong to a node."""
    return sa.Table(
        f"zkattest_{name}", _METADATA, sa.Column("node", sa.Text, primary_key=True), *columns
    )


_NODES: Final = _table(
    "nodes",
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("network", sa.Text, nullable=False),
    sa.Column("finalized_slot", sa.BigInteger, nullable=False),
)
_BLOCKS: Final = _table(
    "blocks",
    sa.Column("block_root", sa.LargeBinary, primary_key=True),
    sa.Column("slot", sa.BigInteger, nullable=False),
    sa.Column("public_values", sa.LargeBinary),
)
_MARKS: Final = _table(
    "marks",
    sa.Column("subject", sa.LargeBinary, primary_key=True),
    sa.Column("proof_root", sa.LargeBinary, primary_key=True),
    sa.Column("proof_type", sa.Integer, nullable=False),
    sa.Column("validator_index", sa.BigInteger, nullable=False),
    sa.Column("slot", sa.BigInteger, nullable=False),
    sa.Column("is_valid", sa.Boolean, nullable=False),
)
_PROOFS: Final = _table(
    "proofs",
    sa.Column("subject", sa.LargeBinary, primary_key=True),
    sa.Column("proof_type", sa.Integer, primary_key=True),
    sa.Column("slot", sa.BigInteger, nullable=False, index=True),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
_WAITING: Final = _table(
    "waiting",
    sa.Column("message_id", sa.LargeBinary, primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("from_peer", sa.Text, nullable=False),
    sa.Column("subject", sa.LargeBinary, nullable=False),
    sa.Column("arrived_at_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
_PROGRAMS: Final = _table(
    "programs",
    sa.Column("proof_type", sa.Integer, primary_key=True),
    sa.Column("program", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptProof:
    """Hold a valid proof as it was gossiped."""

    slot: Slot
    proof_type: ProofType
    data: bytes


class ProofStore:
    """Keep one node's proofs; every method blocks and may be called from any thread."""

    def __init__(
        self,
        url: str,
        network_id: str,
        node: str = "node",
        max_kept_bytes: int = DEFAULT_MAX_KEPT_BYTES,
    ) -> None:
        """
        Open `sqlite:///path` or `postgresql://user@host/database`; make the tables.

        Beyond `max_kept_bytes` the proofs of the oldest slots go. Raises `StoreError` for another
        scheme, a database that does not answer, another network or another version.
        """
        self._node, self._max_kept_bytes = node, max_kept_bytes
        self._engine = _engine(url)
        try:
            with self._engine.begin() as connection:
                _METADATA.create_all(connection)
                self._register(connection, network_id)
        except SQLAlchemyError as error:
            raise StoreError(f"{_without_password(url)}: {_line(error)}") from error

    def load(self) -> SavedProofs:
        """Return what was saved; a row that does not decode is a `StoreError`."""
        try:
            with self._engine.connect() as connection:
                finalized = connection.execute(self._select(_NODES.c.finalized_slot)).scalar_one()
                return SavedProofs(
                    finalized_slot=Slot(finalized),
                    blocks=tuple(map(_read_block, self._rows(connection, _BLOCKS))),
                    marks=tuple(map(_read_mark, self._rows(connection, _MARKS))),
                    waiting=tuple(map(_read_waiting, self._rows(connection, _WAITING))),
                )
        except (SQLAlchemyError, ValueError, TypeError, DecodeError) as error:
            raise StoreError(f"unreadable: {_line(error)}") from error

    def save(self, effects: Sequence[ProofSaveEffect]) -> None:
        """Write all of these in one transaction; raise `StoreError` where that fails."""
        try:
            with self._engine.begin() as connection:
                for effect in effects:
                    self._write(connection, effect)
        except (SQLAlchemyError, OverflowError) as error:
            raise StoreError(_line(error)) from error

    def proofs_by_root(self, subject: Root, limit: int) -> list[KeptProof]:
        """Return the valid proofs of a block, one a type."""
        return self._proofs(_PROOFS.c.subject == subject, limit)

    def proofs_by_slot(self, first: Slot, count: int, limit: int) -> list[KeptProof]:
        """Return the valid proofs of some slots, oldest first."""
        if first + count > END_OF_SLOTS:
            return []
        return self._proofs(_PROOFS.c.slot.between(first, first + count - 1), limit)

    def kept_bytes(self) -> int:
        """Say how many bytes of proofs are kept."""
        try:
            with self._engine.connect() as connection:
                return self._kept_bytes(connection)
        except SQLAlchemyError as error:
            raise StoreError(_line(error)) from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    # --- Reading ------------------------------------------------------------------------------

    def _select(self, *columns: sa.Column[Any]) -> sa.Select[Any]:
        return sa.select(*columns).where(columns[0].table.c.node == self._node)

    def _rows(self, connection: Connection, table: sa.Table) -> Sequence[sa.Row[Any]]:
        query = sa.select(table).where(table.c.node == self._node)
        order = table.c.arrived_at_ms if table is _WAITING else table.c.slot
        return connection.execute(query.order_by(order)).all()

    def _proofs(self, condition: sa.ColumnElement[bool], limit: int) -> list[KeptProof]:
        query = self._select(_PROOFS.c.slot, _PROOFS.c.proof_type, _PROOFS.c.data)
        query = query.where(condition).order_by(_PROOFS.c.slot, _PROOFS.c.proof_type).limit(limit)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
        except SQLAlchemyError as error:
            raise StoreError(_line(error)) from error
        return [KeptProof(Slot(slot), ProofType(kind), bytes(data)) for slot, kind, data in rows]

    def _kept_bytes(self, connection: Connection) -> int:
        total = sa.func.coalesce(sa.func.sum(_PROOFS.c.size_bytes), 0)
        query = sa.select(total).where(_PROOFS.c.node == self._node)
        return int(connection.execute(query).scalar_one())

    # --- Writing ------------------------------------------------------------------------------

    def _register(self, connection: Connection, network_id: str) -> None:
        row = connection.execute(self._select(_NODES.c.version, _NODES.c.network)).first()
        if row is None:
            values = {"version": _VERSION, "network": network_id, "finalized_slot": 0}
            connection.execute(sa.insert(_NODES).values(node=self._node, **values))
        elif row.version != _VERSION:
            raise StoreError(f"version {row.version}, expected {_VERSION}")
        elif row.network != network_id:
            raise StoreError(f"made for network {row.network}, expected {network_id}")

    def _write(self, connection: Connection, effect: ProofSaveEffect) -> None:
        match effect:
            case KeepBlock(block=block):
                values = block.public_values
                self._replace(
                    connection,
                    _BLOCKS,
                    block_root=block.block_root,
                    slot=block.slot,
                    public_values=values.encode() if values else None,
                )
            case KeepProof(mark=mark, data=data):
                self._keep(connection, mark, data)
            case KeepWaiting(proof=proof):
                self._replace(
                    connection,
                    _WAITING,
                    message_id=proof.message_id,
                    topic=proof.topic,
                    from_peer=str(proof.from_peer),
                    subject=proof.subject,
                    arrived_at_ms=proof.arrived_at_ms,
                    until_ms=proof.until_ms,
                    data=proof.data,
                )
            case DropWaiting(message_id=message_id):
                self._delete(connection, _WAITING, _WAITING.c.message_id == message_id)
            case KeepPrograms(programs=programs):
                self._keep_programs(connection, programs)
            case ForgetProofs(before_slot=slot):
                for table in (_BLOCKS, _MARKS, _PROOFS):
                    self._delete(connection, table, table.c.slot < slot)
                mine = _NODES.c.node == self._node
                connection.execute(sa.update(_NODES).where(mine).values(finalized_slot=slot))

    def _keep(self, connection: Connection, mark: ProofMark, data: bytes | None) -> None:
        self._replace(
            connection,
            _MARKS,
            subject=mark.subject,
            proof_root=mark.proof_root,
            proof_type=mark.proof_type,
            validator_index=mark.validator_index,
            slot=mark.slot,
            is_valid=mark.is_valid,
        )
        if data is None:
            return
        self._replace(
            connection,
            _PROOFS,
            subject=mark.subject,
            proof_type=mark.proof_type,
            slot=mark.slot,
            size_bytes=len(data),
            data=data,
        )
        while self._kept_bytes(connection) > self._max_kept_bytes:
            query = self._select(_PROOFS.c.slot).order_by(_PROOFS.c.slot).limit(1)
            oldest = connection.execute(query).scalar_one()
            self._delete(connection, _PROOFS, _PROOFS.c.slot == oldest)

    def _keep_programs(self, connection: Connection, programs: Mapping[ProofType, str]) -> None:
        query = self._select(_PROGRAMS.c.proof_type, _PROGRAMS.c.program)
        known = {ProofType(row.proof_type): row.program for row in connection.execute(query)}
        for kind, program in programs.items():
            if known.get(kind) == program:
                continue
            if kind in known:
                for table in (_MARKS, _PROOFS):
                    self._delete(connection, table, table.c.proof_type == int(kind))
            self._replace(connection, _PROGRAMS, proof_type=kind, program=program)

    def _replace(self, connection: Connection, table: sa.Table, **values: Any) -> None:
        """Write a row in place of the one with the same key; alike in every database."""
        keys = [column.name for column in table.primary_key if column.name != "node"]
        self._delete(connection, table, *(table.c[key] == _plain(values[key]) for key in keys))
        row = {name: _plain(value) for name, value in values.items()}
        connection.execute(sa.insert(table).values(node=self._node, **row))

    def _delete(
        self, connection: Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]
    ) -> None:
        connection.execute(sa.delete(table).where(table.c.node == self._node, *conditions))


def _engine(url: str) -> Engine:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _DRIVERS:
        known = " or ".join(f"{name}://" for name in _DRIVERS)
        raise StoreError(f"{_without_password(url)}: expected {known}")
    try:
        engine = sa.create_engine(f"{_DRIVERS[scheme]}://{rest}", pool_pre_ping=True)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{_without_password(url)}: {_line(error)}") from error
    if scheme == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def ask_database(url: str) -> str:
    """Return what a database server says it is; nothing is written. Raises `StoreError`."""
    try:
        with _engine(url).connect() as connection:
            version = connection.dialect.server_version_info or ()
            return f"{connection.dialect.name} {'.'.join(map(str, version))}"
    except SQLAlchemyError as error:
        raise StoreError(f"{_without_password(url)}: {_line(error)}") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # A lost power line may cost the last proofs, which are then verified again; a killed process
    # costs nothing.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _plain(value: Any) -> Any:
    """Give drivers the classes they know."""
    if isinstance(value, bytes):
        return bytes(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else url


def _line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _read_block(row: sa.Row[Any]) -> SavedBlock:
    values = row.public_values
    decoded = None if values is None else PublicValues.decode(bytes(values))
    return SavedBlock(Root(bytes(row.block_root)), Slot(row.slot), decoded)


def _read_mark(row: sa.Row[Any]) -> ProofMark:
    return ProofMark(
        subject=Root(bytes(row.subject)),
        proof_root=Root(bytes(row.proof_root)),
        proof_type=ProofType(row.proof_type),
        validator_index=ValidatorIndex(row.validator_index),
        slot=Slot(row.slot),
        is_valid=bool(row.is_valid),
    )


def _read_waiting(row: sa.Row[Any]) -> WaitingProof:
    return WaitingProof(
        message_id=bytes(row.message_id),
        topic=row.topic,
        from_peer=PeerName(row.from_peer),
        subject=Root(bytes(row.subject)),
        arrived_at_ms=row.arrived_at_ms,
        until_ms=row.until_ms,
        data=bytes(row.data),
    )
