"""Build blocks over a state in memory, for tools, tests and devnets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zkattest import _core


@dataclass(frozen=True, slots=True)
class BuiltBlock:
    """Hold a package and the claim of its execution, both in SSZ, and facts for a person."""

    package: bytes
    claim: bytes
    summary: Mapping[str, Any]


class ChainBuilder:
    """Grow a chain from a genesis, block by block, as plans describe them."""

    def __init__(self, genesis: Mapping[str, Any]) -> None:
        self._core = _core.ChainBuilder(json.dumps(genesis))

    def head(self) -> tuple[bytes, bytes]:
        """Return the newest block's header (RLP) and claim (SSZ)."""
        return self._core.head()

    def build_block(self, plan: Mapping[str, Any]) -> BuiltBlock:
        """Build the next block; raise ValueError for a plan that gives no executable block."""
        package, claim, summary = self._core.build_block(json.dumps(plan))
        return BuiltBlock(package, claim, json.loads(summary))
