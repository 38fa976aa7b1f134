"""The probe: a contract that makes the calls it is told to and logs each answer."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tools.chain.wallet import word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

PROBE: Final = contract_address("vectors/probe")


class Kind(IntEnum):
    """How the probe calls."""

    CALL = 0
    STATIC = 1
    DELEGATE = 2
    CALLCODE = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """One call and the answer that it must get; gas 0 forwards all there is."""

    target: str
    data: bytes = b""
    output: bytes = b""
    succeeds: bool = True
    gas: int = 0
    value: int = 0
    kind: Kind = Kind.CALL

    def encode(self) -> bytes:
        """Encode the record."""
        head = (self.kind, self.target, self.gas, self.value, len(self.data))
        return b"".join(word(item) for item in head) + self.data + bytes(-len(self.data) % 32)

    def log(self, address: str) -> Log:
        """Describe what the probe logs of it."""
        return Log(address, (word(int(self.succeeds)),), self.output)


def place_probe(scene: Scene, *, balance: int = 0) -> str:
    """Put the probe into the genesis state."""
    return scene.place(PROBE, contracts.runtime("Probe"), balance=balance)


def asked(*asks: Ask) -> bytes:
    """Encode the calls for the probe."""
    return b"".join(ask.encode() for ask in asks)


def answers(*asks: Ask, address: str = PROBE) -> list[Log]:
    """Describe what the probe logs."""
    return [ask.log(address) for ask in asks]
