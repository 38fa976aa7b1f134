"""Define the errors that bytes from outside can cause before any rule looks at them."""

from __future__ import annotations


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


class WitnessError(Exception):
    """Say that a witness cannot answer; the block may still be good."""


class MissingNode(WitnessError):
    """Say which trie node the witness lacks."""

    def __init__(self, node_hash: bytes, path: str) -> None:
        """Keep the hash of the node and the nibbles that lead to it."""
        super().__init__(f"trie node 0x{node_hash.hex()} at path '{path}' is not in the witness")
        self.node_hash = node_hash
        self.path = path


class MalformedNode(WitnessError):
    """Say which trie node of the witness is not one."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep the nibbles that lead to the node and a few words of cause."""
        super().__init__(f"trie node at path '{path}': {reason}")
        self.path = path
        self.reason = reason


class MissingCode(WitnessError):
    """Say which code the witness lacks."""

    def __init__(self, code_hash: bytes) -> None:
        """Keep the hash of the code."""
        super().__init__(f"code 0x{code_hash.hex()} is not in the witness")
        self.code_hash = code_hash
