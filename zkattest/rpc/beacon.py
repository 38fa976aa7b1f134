"""
Ask a beacon node for validators (ethereum/beacon-APIs, `getStateValidators`).

`GET` for up to 64 indices, as the interface has it, `POST` for more. The state is named by its
slot, so that a node that is behind has no answer instead of an old one. The node is trusted for
what its chain is, and for nothing else: an answer that does not fit the question is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from zkattest.rpc.bounded_http import BoundedHttp, HttpAnswer
from zkattest.spec.validators import (
    ValidatorRecord,
    ValidatorStatus,
    is_consistent,
    state_epoch_for,
)
from zkattest.types.errors import DecodeError, SourceUnavailable
from zkattest.types.ids import Epoch, ValidatorIndex

MAX_GET_INDICES: Final = 64
_OK: Final = 200
# 400 names a state that the node takes for none; 404 one that it does not have.
_NO_STATE: Final = frozenset({400, 404})
_NO_SUCH_METHOD: Final = frozenset({405, 501})
# An entry has some 550 bytes.
_ENTRY_BYTES: Final = 2_048
_REST_BYTES: Final = 4_096
_UINT64: Final = re.compile(r"0|[1-9][0-9]{0,19}")
_PUBKEY: Final = re.compile(r"0x[0-9a-fA-F]{96}")

Records: TypeAlias = dict[ValidatorIndex, ValidatorRecord]


class StateUnavailable(SourceUnavailable):
    """Say that a node does not have the state that it was asked about; it may have others."""


@dataclass(frozen=True, slots=True)
class BeaconLimits:
    """Bound what one question may take."""

    deadline_ms: int = 3_000
    connections: int = 2


class BeaconNode:
    """Ask one beacon node."""

    def __init__(self, url: str, slots_per_epoch: int, limits: BeaconLimits | None = None) -> None:
        """Prepare for a node; raises `ValueError` for what is no http(s) address."""
        limits = limits or BeaconLimits()
        self._slots_per_epoch = slots_per_epoch
        self._http = BoundedHttp(
            url, connections=limits.connections, deadline_ms=limits.deadline_ms
        )
        self._limiter = trio.CapacityLimiter(limits.connections)
        self._takes_post = True

    async def validators(self, epoch: Epoch, indices: Sequence[ValidatorIndex]) -> Records:
        """
        Return the records that say who is active in an epoch; who is not in the state is left out.

        Raises `StateUnavailable`, `SourceTimeout` or `SourceUnavailable`.
        """
        return await trio.to_thread.run_sync(
            self.fetch,
            epoch,
            indices,
            limiter=self._limiter,
            # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
            abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
        )

    def fetch(self, epoch: Epoch, indices: Sequence[ValidatorIndex]) -> Records:
        """Do what `validators` does; blocks."""
        state_epoch = state_epoch_for(epoch)
        path = f"/eth/v1/beacon/states/{state_epoch * self._slots_per_epoch}/validators"
        with self._http.within_deadline():
            records: Records = {}
            for part, answer in self._answers(path, indices):
                records |= self._read(answer, part, state_epoch)
            return records

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _answers(
        self, path: str, indices: Sequence[ValidatorIndex]
    ) -> Iterator[tuple[Sequence[ValidatorIndex], HttpAnswer]]:
        if len(indices) > MAX_GET_INDICES and self._takes_post:
            body = {"ids": [str(int(one)) for one in indices]}
            answer = self._http.exchange(
                "POST", path, json=body, max_bytes=_max_answer_bytes(indices)
            )
            if answer.status not in _NO_SUCH_METHOD:
                yield indices, answer
                return
            # Nodes from before 2024 take no POST here.
            self._takes_post = False
        for start in range(0, len(indices), MAX_GET_INDICES):
            part = indices[start : start + MAX_GET_INDICES]
            query = "&".join(f"id={int(one)}" for one in part)
            yield (
                part,
                self._http.exchange("GET", f"{path}?{query}", max_bytes=_max_answer_bytes(part)),
            )

    def _read(
        self, answer: HttpAnswer, asked: Sequence[ValidatorIndex], state_epoch: Epoch
    ) -> Records:
        if answer.status in _NO_STATE:
            raise StateUnavailable(
                f"{self._http.name}: HTTP status {answer.status}: no state of epoch {state_epoch}"
            )
        if answer.status != _OK:
            self._http.refuse(f"HTTP status {answer.status}")
        try:
            return decode_validators(self._http.decode(answer.body), asked, state_epoch)
        except DecodeError as error:
            self._http.refuse(f"the answer does not fit the question: {error}")


def decode_validators(
    table: object, asked: Collection[ValidatorIndex], state_epoch: Epoch
) -> Records:
    """
    Decode `GetStateValidatorsResponse`; raises `DecodeError` for whatever was not asked for.

    Every entry has to be of an index that was asked for, once, with a status that its epochs bear
    out.
    """
    entries = table.get("data") if isinstance(table, dict) else None
    if not isinstance(entries, list):
        raise DecodeError("data", "not a list")
    allowed = frozenset(asked)
    records: Records = {}
    for entry in entries:
        record = _decode_entry(entry)
        if record.index not in allowed:
            raise DecodeError("index", f"{record.index} was not asked for")
        if record.index in records:
            raise DecodeError("index", f"{record.index} is there twice")
        if not is_consistent(record, state_epoch):
            raise DecodeError("status", f"{record.index} is {record.status} against its epochs")
        records[record.index] = record
    return records


def _decode_entry(entry: object) -> ValidatorRecord:
    if not isinstance(entry, dict) or not isinstance(entry.get("validator"), dict):
        raise DecodeError("data", "an entry is no validator")
    inner: Mapping[str, object] = entry["validator"]
    pubkey = _text(inner, "pubkey")
    if not _PUBKEY.fullmatch(pubkey):
        raise DecodeError("pubkey", "not 0x and 96 hexadecimal digits")
    try:
        status = ValidatorStatus(_text(entry, "status"))
    except ValueError:
        raise DecodeError("status", "unknown") from None
    return ValidatorRecord(
        index=ValidatorIndex(_uint64(entry, "index")),
        pubkey=bytes.fromhex(pubkey[2:]),
        status=status,
        activation_epoch=Epoch(_uint64(inner, "activation_epoch")),
        exit_epoch=Epoch(_uint64(inner, "exit_epoch")),
    )


def _text(table: Mapping[str, object], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise DecodeError(name, "not a text")
    return value


def _uint64(table: Mapping[str, object], name: str) -> int:
    text = _text(table, name)
    if not _UINT64.fullmatch(text) or int(text) >= 1 << 64:
        raise DecodeError(name, "no uint64 in decimal digits")
    return int(text)


def _max_answer_bytes(indices: Sequence[ValidatorIndex]) -> int:
    return _REST_BYTES + _ENTRY_BYTES * len(indices)
