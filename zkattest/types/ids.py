"""Name the identifiers: each is a class of its own, so that a slot never passes for an index."""

from __future__ import annotations

from typing import ClassVar, Self


class FixedBytes(bytes):
    """Check the length of a byte string once, where it is made."""

    size_bytes: ClassVar[int] = 0
    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        """Take exactly `size_bytes` bytes."""
        if len(value) != cls.size_bytes:
            raise ValueError(f"{cls.__name__}: {len(value)} bytes, expected {cls.size_bytes}")
        return super().__new__(cls, value)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read `0x` followed by two digits for each byte, and nothing else."""
        digits = text[2:] if text.startswith("0x") else ""
        if len(digits) != 2 * cls.size_bytes or not digits.isalnum() or not digits.isascii():
            raise ValueError(
                f"{cls.__name__}: expected 0x and {2 * cls.size_bytes} hexadecimal digits"
            )
        return cls(bytes.fromhex(digits))

    def __str__(self) -> str:
        """Show the bytes as `0x…`."""
        return "0x" + self.hex()

    __repr__ = __str__


class BlockHash(FixedBytes):
    """Identify a block by the Keccak-256 hash of its header."""

    size_bytes = 32
    __slots__ = ()


class Root(FixedBytes):
    """Commit to a trie or to an SSZ object."""

    size_bytes = 32
    __slots__ = ()


class Address(FixedBytes):
    """Identify an account."""

    size_bytes = 20
    __slots__ = ()


class ProgramVk(FixedBytes):
    """Identify a guest program by its verification key."""

    size_bytes = 32
    __slots__ = ()


class BoundedInt(int):
    """Check the range of an unsigned integer once, where it is made."""

    bits: ClassVar[int] = 64
    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        """Take a value of `bits` bits."""
        if not 0 <= value < 1 << cls.bits:
            raise ValueError(f"{cls.__name__}: {value} is outside uint{cls.bits}")
        return super().__new__(cls, value)


class Slot(BoundedInt):
    """Number a slot of the consensus layer."""

    __slots__ = ()


class Epoch(BoundedInt):
    """Number an epoch of the consensus layer."""

    __slots__ = ()


class ValidatorIndex(BoundedInt):
    """Number a validator of the consensus layer."""

    __slots__ = ()


class ChainId(BoundedInt):
    """Identify the chain that a transaction is signed for."""

    __slots__ = ()


class ProofType(BoundedInt):
    """Stand on the wire for a proof system and a program key, as a network profile says."""

    bits = 8
    __slots__ = ()


class PeerName(str):
    """Name a peer of the network, as the transport prints it."""

    __slots__ = ()
