"""
Read from a consensus node which network it is on, and who of a few validators is active there.

ethereum/beacon-APIs: `/eth/v1/beacon/genesis`, `/eth/v1/beacon/states/head/fork`,
`/eth/v1/beacon/states/head/validators`. The node is believed about its chain, within bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from zkattest.rpc.bounded_http import BoundedHttp
from zkattest.spec.validators import ACTIVE_STATUSES, ValidatorStatus
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root, ValidatorIndex
from zkattest.types.ssz_codec import ByteVector, Uint
from zkattest.types.ssz_json import read_json

PUBKEY_BYTES: Final = 48
_MAX_SMALL_BYTES: Final = 1 << 16
# All exited validators of a small network; a large one's answer is longer, and is not read.
_MAX_VALIDATORS_BYTES: Final = 16 << 20
_OUTSIDE: Final = "exited_unslashed,exited_slashed,withdrawal_possible,withdrawal_done"
_ROOT: Final = ByteVector(32, Root)
_VERSION: Final = ByteVector(4, bytes)
_PUBKEY: Final = ByteVector(PUBKEY_BYTES, bytes)
_INDEX: Final = Uint(8, ValidatorIndex)


@dataclass(frozen=True, slots=True)
class NamedValidator:
    """Name a validator of the head's state, and say whether it is active there."""

    index: ValidatorIndex
    pubkey: bytes
    is_active: bool


class BeaconNetwork:
    """
    Ask one consensus node; every method blocks.

    Raises `SourceUnavailable` or `SourceTimeout` where there is no answer of the right shape.
    """

    def __init__(self, url: str, deadline_ms: int = 4_000) -> None:
        """Prepare for a node; raises `ValueError` for what is no http(s) address."""
        self._http = BoundedHttp(url, connections=1, deadline_ms=deadline_ms)

    def genesis_validators_root(self) -> Root:
        """Return the root that separates this network from all others."""
        data = self._object(self._data("/eth/v1/beacon/genesis"), "genesis")
        return Root(self._read(_ROOT, data, "genesis_validators_root"))

    def fork_version(self) -> bytes:
        """Return the version of the head's fork, 4 bytes."""
        data = self._object(self._data("/eth/v1/beacon/states/head/fork"), "fork")
        return bytes(self._read(_VERSION, data, "current_version"))

    def validator(self, pubkey: bytes) -> NamedValidator | None:
        """Return who has a key; None where nobody has."""
        found = self._validators(f"id=0x{pubkey.hex()}", _MAX_SMALL_BYTES)
        return next((one for one in found if one.pubkey == pubkey), None)

    def one_outside(self) -> NamedValidator | None:
        """Return a validator that is active no more; None where there is none."""
        found = self._validators(f"status={_OUTSIDE}", _MAX_VALIDATORS_BYTES)
        return next((one for one in found if not one.is_active), None)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _validators(self, query: str, max_bytes: int) -> list[NamedValidator]:
        path = f"/eth/v1/beacon/states/head/validators?{query}"
        entries = self._data(path, max_bytes)
        if not isinstance(entries, list):
            self._http.refuse("validators: expected a list")
        return [self._validator(self._object(one, "validators")) for one in entries]

    def _validator(self, entry: dict[str, Any]) -> NamedValidator:
        try:
            status = ValidatorStatus(str(entry.get("status")))
        except ValueError:
            self._http.refuse("status: unknown")
        inner = self._object(entry.get("validator"), "validator")
        return NamedValidator(
            index=self._read(_INDEX, entry, "index"),
            pubkey=self._read(_PUBKEY, inner, "pubkey"),
            is_active=status in ACTIVE_STATUSES,
        )

    def _data(self, path: str, max_bytes: int = _MAX_SMALL_BYTES) -> object:
        with self._http.within_deadline():
            answer = self._http.exchange("GET", path, max_bytes=max_bytes)
        if answer.status != 200:
            self._http.refuse(f"{path.partition('?')[0]}: status {answer.status}")
        return self._object(self._http.decode(answer.body), path).get("data")

    def _object(self, value: object, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._http.refuse(f"{name}: expected an object")
        return value

    def _read(self, codec: Any, fields: dict[str, Any], name: str) -> Any:
        try:
            return read_json(codec, fields.get(name), name)
        except DecodeError as error:
            self._http.refuse(str(error))
