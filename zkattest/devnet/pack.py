"""Read a recorded chain: block packages in order, and the proofs that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from zkattest.crypto.blocks import Block, decode_block
from zkattest.types.errors import DecodeError
from zkattest.types.execution import (
    MAX_CLAIM_BYTES,
    MAX_PACKAGE_BYTES,
    BlockPackage,
    ExecutionClaim,
)
from zkattest.types.wire import MAX_PROOF_BYTES

_T = TypeVar("_T")


class PackError(Exception):
    """Say which file of a recorded chain cannot be used, and why."""


@dataclass(frozen=True)
class RecordedBlock:
    """Hold one block of the chain; numbers count from 1, the anchor being 0."""

    number: int
    folder: Path

    @property
    def name(self) -> str:
        """Return the block's name without its number."""
        return self.folder.name.partition("_")[2]

    @property
    def package_path(self) -> Path:
        """Name the file of the block package."""
        return self.folder / "block.ssz"

    @property
    def proof_path(self) -> Path:
        """Name the file of the proof, which may be missing."""
        return self.folder / "proof.bin"

    @cached_property
    def package(self) -> BlockPackage:
        """Read the package."""
        return _decoded(self.package_path, MAX_PACKAGE_BYTES, BlockPackage.decode)

    @cached_property
    def claim(self) -> ExecutionClaim:
        """Read what executing the block gave."""
        return _decoded(self.folder / "claim.ssz", MAX_CLAIM_BYTES, ExecutionClaim.decode)

    @cached_property
    def block(self) -> Block:
        """Decode the block."""
        try:
            return decode_block(self.package.block)
        except DecodeError as error:
            raise PackError(f"{self.package_path}: block: {error}") from error

    @property
    def has_proof(self) -> bool:
        """Tell whether the block was proven."""
        return self.proof_path.is_file()

    def proof(self) -> bytes:
        """Read the proof."""
        return _read(self.proof_path, MAX_PROOF_BYTES)


@dataclass(frozen=True)
class Pack:
    """Hold a recorded chain, each block the child of the one before."""

    folder: Path
    blocks: tuple[RecordedBlock, ...]

    @property
    def proven(self) -> int:
        """Count the blocks from the first one on that have proofs without a gap."""
        for count, block in enumerate(self.blocks):
            if not block.has_proof:
                return count
        return len(self.blocks)

    def __getitem__(self, number: int) -> RecordedBlock:
        """Return a block by its number."""
        return self.blocks[number - 1]


def load_pack(folder: Path) -> Pack:
    """Find the blocks of a chain, and check that each is the child of the one before."""
    try:
        found = sorted(path.parent for path in folder.glob("*/block.ssz"))
    except OSError as error:
        raise PackError(f"{folder}: {error}") from error
    if not found:
        raise PackError(f"{folder}: no block packages (*/block.ssz)")
    blocks = tuple(RecordedBlock(number, path) for number, path in enumerate(found, 1))
    for parent, child in pairwise(blocks):
        if child.block.header.parent_hash != parent.block.block_hash:
            raise PackError(f"{child.package_path}: parent_hash: not the block before it")
        if child.package.parent_claim != parent.claim:
            raise PackError(f"{child.package_path}: parent_claim: not the one of the block before")
    return Pack(folder, blocks)


def _decoded(path: Path, most_bytes: int, decode: Callable[[bytes], _T]) -> _T:
    try:
        return decode(_read(path, most_bytes))
    except DecodeError as error:
        raise PackError(f"{path}: {error}") from error


def _read(path: Path, most_bytes: int) -> bytes:
    """Read a file whose size is checked first."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > most_bytes:
            raise PackError(f"{path}: file: {size_bytes} bytes, at most {most_bytes}")
        return path.read_bytes()
    except OSError as error:
        raise PackError(f"{path}: file: {error.strerror or error}") from error
