"""Where the recorded chain lies, and how its files are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CHAIN: Final = Path(__file__).resolve().parents[2] / "vectors" / "eip7886" / "chain"


@dataclass(frozen=True, slots=True)
class Case:
    """The folder of one block."""

    directory: Path

    @property
    def block(self) -> Path:
        """Name the file of the block package (SSZ)."""
        return self.directory / "block.ssz"

    @property
    def claim(self) -> Path:
        """Name the file of the execution claim (SSZ)."""
        return self.directory / "claim.ssz"

    @property
    def proof(self) -> Path:
        """Name the file of the proof; it is missing until it was recorded."""
        return self.directory / "proof.bin"

    @property
    def meta(self) -> Path:
        """Name the file that describes the case."""
        return self.directory / "meta.yaml"

    def read_meta(self) -> dict[str, Any]:
        """Read the description."""
        meta: dict[str, Any] = yaml.safe_load(self.meta.read_text())
        return meta


def cases(chain: Path = CHAIN) -> Iterator[Case]:
    """List the recorded blocks in order."""
    for directory in sorted(chain.glob("[0-9][0-9][0-9][0-9]_*")):
        yield Case(directory)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step; an interruption leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def dump_yaml(value: dict[str, Any]) -> bytes:
    """Render a description, keys in the order given."""
    text: str = yaml.safe_dump(value, sort_keys=False, width=100, allow_unicode=True)
    return text.encode()
