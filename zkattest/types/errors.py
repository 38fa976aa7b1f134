"""Define the errors that bytes from outside can cause before any rule looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class DecodeError(Exception):
    """Say which field of which bytes is malformed, and how."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep the dotted path of the field and a few words of cause."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class EncodeError(ValueError):
    """Say which field cannot be written; a caller's mistake, never a peer's."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep the dotted path of the field and a few words of cause."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class BlockDecodeError(DecodeError):
    """Say how the bytes of a block are malformed, with the word of the reason and its operands."""

    def __init__(self, word: str, operands: Mapping[str, int | bytes | str]) -> None:
        """Keep the word and the operands; they become a refusal where the rules are known."""
        detail = str(operands.get("detail", word))
        super().__init__(str(operands.get("field", "block")), detail)
        self.word = word
        self.operands = dict(operands)


class WitnessError(Exception):
    """Say that a witness cannot answer; the block may still be good."""

    cause: ClassVar[str]

    def __init__(self, detail: str) -> None:
        """Keep what is missing, and where."""
        super().__init__(detail)
        self.detail = detail


class MissingNode(WitnessError):
    """Say which trie node the witness lacks, and the nibbles that lead to it."""

    cause = "missing_node"


class MalformedNode(WitnessError):
    """Say which trie node of the witness is not one, and the nibbles that lead to it."""

    cause = "malformed_node"


class MissingCode(WitnessError):
    """Say which code the witness lacks."""

    cause = "missing_code"


class BackendPanic(WitnessError):
    """Say that the native code failed; a fault of ours, whatever the input was."""

    cause = "backend_panic"


class CheckExhausted(WitnessError):
    """Say that a check would take more than it may; nothing is said about the block."""

    cause = "out_of_resources"


class SourceUnavailable(WitnessError):
    """Say that a server or store that is asked does not answer, or answers with nonsense."""

    cause = "backend_unavailable"


class SourceTimeout(WitnessError):
    """Say that a server or store that is asked took longer than it may."""

    cause = "timeout"


class SourceExhausted(WitnessError):
    """Say that a check needs more of a further source than it may take."""

    cause = "out_of_resources"


class ProofsUnavailable(Exception):
    """Say that we do not keep what was asked for; nobody's fault."""


class ProofSourceFault(Exception):
    """Say that we cannot tell what we keep; nobody's fault but ours."""
