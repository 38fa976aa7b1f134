"""
Say in the OpenAPI document what each field is, and of which dialect each route.

By the name of a field, or of model and field where one name means several things. A description
that a model brings itself wins; a test finds fields without any.
"""

from __future__ import annotations

from typing import Final

ABOUT: Final = (
    "Verifies execution proofs, in the dialects that clients speak. Three answers: a verifier ran "
    "and the proof holds; it ran and the proof does not hold; or it could not be checked, which is "
    "an error and says nothing about the proof."
)

_TAGS: Final = (
    ("/eth/", "Beacon API"),
    ("/v1/", "zkboost and eth_proof_verifier"),
    ("/twirp/", "ere"),
    ("/programs/", "ere"),
)
TAGS: Final = {
    "JSON-RPC": "eth_verifyProof and zk_getProofTypes, JSON-RPC 2.0.",
    "Beacon API": "Signed envelopes of EIP-8025; needs a chain.",
    "zkboost and eth_proof_verifier": "Bare proofs, and events of those that come.",
    "ere": "ZkvmService over Twirp, as an ere-server of one program answers it.",
    "Operators": "What the service does, for people and programs that watch it.",
}


def tag_of(path: str) -> str:
    """Name the dialect of a route."""
    if path == "/":
        return "JSON-RPC"
    return next((tag for prefix, tag in _TAGS if path.startswith(prefix)), "Operators")


def text_of(model: str, field: str) -> str | None:
    """Describe a field of a model."""
    return _FIELDS.get(f"{model}.{field}") or _FIELDS.get(field)


_PROOF_TYPE: Final = (
    "Proof type: zkboost's word (`reth-sp1`), the entry of the registry, or the number in the "
    "profile that the engine is configured with."
)
_ROOT: Final = "Hash tree root of the NewPayloadRequest, as 0x-hex."
_FIELDS: Final = {
    # What is asked about.
    "proof_type": _PROOF_TYPE,
    "proof_types": "Words, entries or numbers of proof types, with commas.",
    "new_payload_request_root": _ROOT,
    "newPayloadRequestRoot": _ROOT,
    "expectedRoot": "What `publicInput.newPayloadRequestRoot` has to be.",
    "successful_validation": "Whether the payload is said to be valid; true where left out.",
    "successfulValidation": "Whether the payload is said to be valid; true where left out.",
    "chain_id": "Chain id of the execution layer; the engine's where left out.",
    "chainId": "Chain id of the execution layer.",
    "schema_id": "Statement that the proof is of; the engine's where left out.",
    "fork": "Name of the fork by whose rules the payload is judged.",
    "chainConfig": "Chain and fork; the engine's where left out.",
    "blockHash": "Not looked up here: where given, the call fails with code 2003.",
    "timeoutMs": "How long the answer is worth something; longer than the limit is cut to it.",
    "program": "Entry of the registry: letters, digits, dots, dashes.",
    # Proofs and programs.
    "proofType": "Number of the proof type, as a quantity.",
    "proofData": "The proof, as 0x-hex.",
    "proof_data": "The proof, as 0x-hex.",
    "publicInput": "What the proof is about.",
    "programId": "Program key; where given, it has to be that of the proof type.",
    "program_vk": "Program key, as 0x-hex.",
    "signedProof": "A validator's signature, which is not looked at here.",
    "guest": "Name of the guest program.",
    "guest_version": "Version of the guest program.",
    "proof_system": "Name of the proof system.",
    "proof_system_version": "Version of the circuit that proofs are checked against.",
    "entry": "Entry of the registry.",
    "number": "Number in the profile.",
    "kind": "What stands behind the type.",
    "can_prove": "Whether proofs of the type are made here.",
    "can_verify": "Whether proofs of the type are verified here.",
    "ZkboostProofType.proof_type": "zkboost's word: execution client and zkVM.",
    "NumberedProofType.proof_type": "Number in the profile.",
    "VerifyResult.programId": "Key of the program that the proof is of.",
    # Signed envelopes.
    "message": "One line for a person.",
    "SignedExecutionProofEnvelope.message": "The envelope that is signed.",
    "signature": "BLS signature, 96 bytes as 0x-hex.",
    "validator_index": "Index of the validator that signed, in decimal digits.",
    "validatorIndex": "Index of the validator that signed, as a quantity.",
    "beacon_block_root": "Root of the block that the proof is said to be about.",
    "ExecutionProofEnvelope.proof_type": "Number of the proof type, in decimal digits.",
    "ExecutionProofsResponse.data": "Signed envelopes, each type once a validator.",
    # What was found.
    "status": "What the verifier found.",
    "reason": "Why the proof does not hold, as one word.",
    "validationError": "Why the proof does not hold; null where it does.",
    "verifierVersion": "Version of the verifier that ran.",
    # What went wrong.
    "code": "The status of HTTP.",
    "RpcErrorObject.code": "Code of the error; operators' page `engine.md` lists them.",
    "RpcErrorObject.data": "For programs: `reason`, and `retryAfterMs` where there is no room.",
    "TwirpError.code": "Twirp's word for the error.",
    "msg": "One line for a person.",
    "meta": "More for programs: `cause`, or the programs that are known.",
    "failures": "The proofs that were not taken.",
    "index": "Place in the list, from zero.",
    "error": "The message again, as eth_proof_verifier writes it.",
    "supported": "Numbers of the proof types that are known.",
    "VerificationError.proof_type": "The proof type that is not known.",
    # JSON-RPC.
    "jsonrpc": "Always `2.0`.",
    "method": "Name of the method.",
    "params": "Arguments, by place.",
    "id": "Given back with the answer; left out, no answer is wanted.",
    "result": "What the method answers.",
    "RpcResponse.error": "Why there is no result.",
    # Operators' routes.
    "alive": "Always true.",
    "ready": "Whether requests are worth sending.",
    "conditions": "Each thing that has to be there.",
    "ok": "Whether it is there.",
    "detail": "One line for a person.",
}
