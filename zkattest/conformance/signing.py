"""Check the vectors of signatures: keys, domains, signing roots, and whose revision it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, invalid, valid
from zkattest.conformance.proof_scene import Network, read_network, read_profile
from zkattest.conformance.values import CaseError, member, read_bytes
from zkattest.crypto import bls
from zkattest.crypto.hashing import signing_root
from zkattest.crypto.proof_roots import execution_proof_domain, hash_tree_root_content
from zkattest.spec.reasons import Reason
from zkattest.spec.revisions import which_revision
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root
from zkattest.types.proof_messages import SubnetExecutionProof, decode_message
from zkattest.types.proof_profiles import ProofProfile


def check_signing(case: VectorCase) -> Outcome:
    """Do the task that the input names; raise `CaseError` where the input is no question."""
    task = member(case.input, "task", "input")
    if not isinstance(task, str) or task not in TASKS:
        raise CaseError("input.task", f"expected {', '.join(TASKS)}")
    return TASKS[task](read_profile(case.profile), read_network(case.input), case.input)


def _sign(profile: ProofProfile, network: Network, given: Mapping[str, Any]) -> Outcome:
    """Sign the content of a message with a secret key."""
    root, _ = _content(profile, _bytes(given, "message"))
    domain = _domain(profile, network)
    message, secret = signing_root(root, domain), _bytes(given, "secret_key")
    try:
        pubkey, signature = bls.public_key(secret), bls.sign(secret, message)
    except ValueError as error:
        raise CaseError("input.secret_key", str(error)) from None
    return valid(
        pubkey=pubkey,
        content_root=root,
        domain=domain,
        signing_root=message,
        signature=signature,
    )


def _verify(profile: ProofProfile, network: Network, given: Mapping[str, Any]) -> Outcome:
    """Verify the signature of a message."""
    root, signature = _content(profile, _bytes(given, "message"))
    message = signing_root(root, _domain(profile, network))
    if not bls.verify(_bytes(given, "pubkey"), message, signature):
        return invalid(Reason.MESSAGE_SIGNATURE_INVALID)
    return valid(signing_root=message)


def _which_revision(_: ProofProfile, network: Network, given: Mapping[str, Any]) -> Outcome:
    """Name every profile, of those as published, whose message and signature this may be."""
    found = which_revision(
        _bytes(given, "message"),
        _bytes(given, "pubkey"),
        network.fork_version,
        network.genesis_validators_root,
    )
    return valid(profiles=[name.value for name in found])


TASKS: Final[dict[str, Callable[[ProofProfile, Network, Mapping[str, Any]], Outcome]]] = {
    "sign": _sign,
    "verify": _verify,
    "which_revision": _which_revision,
}


def _content(profile: ProofProfile, data: bytes) -> tuple[Root, bytes]:
    """Give the root of what is signed, and the signature of the message."""
    try:
        message = decode_message(profile, data)
    except DecodeError as error:
        raise CaseError("input.message", str(error)) from None
    if isinstance(message, SubnetExecutionProof):
        raise CaseError("profile.preset", f"{profile.name} signs nothing")
    return hash_tree_root_content(profile, message.message), message.signature


def _domain(profile: ProofProfile, network: Network) -> bytes:
    return execution_proof_domain(profile, network.fork_version, network.genesis_validators_root)


def _bytes(given: Mapping[str, Any], name: str) -> bytes:
    return read_bytes(member(given, name, "input"), f"input.{name}")
