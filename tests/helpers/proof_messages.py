"""
A signed message of every revision of EIP-8025, the same bytes every time.

No network of all six can be recorded any more; the files in `tests/fixtures/proof_messages` are
what a proposer of each would have sent, made here and signed with a key of the tests.
`python -m tests.helpers.proof_messages` writes them.
"""

from pathlib import Path
from typing import Any, Final

from tests.helpers.proof_requests import FULU_REQUEST, REQUEST
from zkattest.crypto import bls
from zkattest.crypto.proof_roots import proof_signing_root
from zkattest.net.snappy import compress
from zkattest.types.ids import BlockHash, ProofType, Root, ValidatorIndex
from zkattest.types.payload_request import request_codec
from zkattest.types.proof_json import encode_message_json
from zkattest.types.proof_messages import (
    ChainExecutionProof,
    ExecutionProof,
    ProofContent,
    ProofMessage,
    PublicInput,
    SignedChainExecutionProof,
    SignedExecutionProof,
    SubnetExecutionProof,
    encode_message,
)
from zkattest.types.proof_profiles import (
    PROFILES,
    MessageKind,
    PayloadFork,
    ProfileName,
    ProofProfile,
)
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

FOLDER: Final = Path(__file__).resolve().parents[1] / "fixtures" / "proof_messages"
SECRET_KEY: Final = bls.secret_key_from_seed(b"proof messages of six revisions.")
PUBKEY: Final = bls.public_key(SECRET_KEY)
FORK_VERSION: Final = bytes.fromhex("70000910")
GENESIS_VALIDATORS_ROOT: Final = Root(b"\x81" * 32)
REQUEST_ROOT: Final = Root(bytes(range(32)))
BLOCK_ROOT: Final = Root(bytes(range(32, 64)))
HEAD_ROOT: Final = Root(bytes(range(64, 96)))
PROOF_TYPE: Final = ProofType(7)
VALIDATOR_INDEX: Final = ValidatorIndex(12345)
PROOF_BYTES: Final = 673
REQUESTS: Final = {PayloadFork.FULU: FULU_REQUEST, PayloadFork.GLOAS: REQUEST}


def counted_bytes(size: int) -> bytes:
    """Give 0, 1, …, 255, 0, … as the published vectors have it."""
    return bytes(index % 256 for index in range(size))


def content_of(profile: ProofProfile, proof_data: bytes) -> ProofContent:
    """Make what a validator signs."""
    match profile.message:
        case MessageKind.SIGNED_PROOF:
            return ExecutionProof(proof_data, PROOF_TYPE, PublicInput(REQUEST_ROOT))
        case MessageKind.SIGNED_ENVELOPE:
            return ExecutionProofEnvelope(proof_data, PROOF_TYPE, BLOCK_ROOT)
        case MessageKind.SIGNED_CHAIN_PROOF:
            return ChainExecutionProof(proof_data, PROOF_TYPE, BLOCK_ROOT, HEAD_ROOT)
        case MessageKind.SUBNET_PROOF:
            raise ValueError(f"{profile.name}: messages are not signed")


_SIGNED: Final[dict[type[Any], Any]] = {
    ExecutionProof: SignedExecutionProof,
    ExecutionProofEnvelope: SignedExecutionProofEnvelope,
    ChainExecutionProof: SignedChainExecutionProof,
}


def with_signature(
    profile: ProofProfile, proof_data: bytes, signature: bytes
) -> SignedExecutionProof | SignedExecutionProofEnvelope | SignedChainExecutionProof:
    """Make a message with the signature as given."""
    content = content_of(profile, proof_data)
    message: SignedExecutionProof = _SIGNED[type(content)](content, VALIDATOR_INDEX, signature)
    return message


def message_of(profile: ProofProfile, proof_data: bytes | None = None) -> ProofMessage:
    """Make the message of a profile, signed where the profile signs."""
    proof_data = counted_bytes(PROOF_BYTES) if proof_data is None else proof_data
    if not profile.is_signed:
        return SubnetExecutionProof(BLOCK_ROOT, BlockHash(HEAD_ROOT), 3, 1, proof_data)
    root = proof_signing_root(
        profile, content_of(profile, proof_data), FORK_VERSION, GENESIS_VALIDATORS_ROOT
    )
    return with_signature(profile, proof_data, bls.sign(SECRET_KEY, root))


def file_of(name: ProfileName, suffix: str = "ssz") -> Path:
    """Name the fixture of a profile: `ssz`, `json` or `snappy` (a raw block)."""
    return FOLDER / f"{name}.{suffix}"


def request_file(profile: ProofProfile) -> Path:
    """Name the fixture of a profile's payload request, which has its fork's bytes."""
    return FOLDER / f"request-{profile.payload_fork}.ssz"


def main() -> None:
    """Write the fixtures."""
    FOLDER.mkdir(exist_ok=True)
    for name, profile in PROFILES.items():
        encoded = encode_message(profile, message_of(profile))
        file_of(name).write_bytes(encoded)
        file_of(name, "snappy").write_bytes(compress(encoded))
        text = encode_message_json(profile, message_of(profile))
        file_of(name, "json").write_text(text + "\n")
        request = REQUESTS[profile.payload_fork]
        request_file(profile).write_bytes(request_codec(profile).encode(request))


if __name__ == "__main__":
    main()
