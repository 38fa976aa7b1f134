"""Try every proof system: verify a small proof of the package, or open the verifier."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from zkattest.node.findings import Finding, State
from zkattest.spec.reasons import CannotVerify, InvalidProof
from zkattest.types.ids import ProgramVk
from zkattest.types.programs import ProofSystem
from zkattest.verify.builtin import NAMED_ONLY, TAKES_VERIFIER_KEY, BuiltInVerifier
from zkattest.verify.isolation import VerifierChildren
from zkattest.verify.proof import ProofVerifier
from zkattest.verify.registry import Registry

_GROUP: Final = "proof systems"
_FILE: Final = "golden_proofs.json"
_REINSTALL: Final = "install zkattest again; in a checkout: make setup"
# Any program will do to open a verifier: a key of zeros is canonical in every field.
_ANY_PROGRAM: Final = ProgramVk(bytes(32))


@dataclass(frozen=True, slots=True)
class GoldenProof:
    """Hold a proof that is known to be valid, and all that its verifier wants."""

    system: ProofSystem
    program_vk: ProgramVk
    proof: bytes
    public_values: bytes
    verifier_key: bytes | None


@cache
def golden_proofs() -> Mapping[ProofSystem, GoldenProof]:
    """Read the proofs that come with the package; systems whose proofs are large have none."""
    text = resources.files("zkattest.node").joinpath(_FILE).read_text("utf-8")
    proofs = [
        GoldenProof(
            system=ProofSystem(each["system"]),
            program_vk=ProgramVk.from_hex(each["program_vk"]),
            proof=_bytes(each["proof"]),
            public_values=_bytes(each["public_values"]),
            verifier_key=_bytes(each["verifier_key"]) if each["verifier_key"] else None,
        )
        for each in json.loads(text)
    ]
    return {proof.system: proof for proof in proofs}


def examine_systems() -> Iterator[Finding]:
    """Try each system in this process, and one of them in a child process."""
    for system in ProofSystem:
        yield _examine(system)
    yield _examine_isolation()


def try_proof(verifier: ProofVerifier, golden: GoldenProof) -> str:
    """
    Verify a golden proof, and a changed one; return what they told, in words.

    Raises `InvalidProof` or `CannotVerify` where the proof is not valid, `ValueError` where the
    changed one is.
    """
    verified = verifier.verify(golden.proof, golden.public_values)
    changed = golden.proof[:-1] + bytes([golden.proof[-1] ^ 1])
    try:
        verifier.verify(changed, golden.public_values)
    except InvalidProof:
        took_ms = verified.decode_ms + verified.verify_ms
        return f"circuit {verified.circuit_version}; verified a proof in {took_ms:.0f} ms"
    raise ValueError("a changed proof verifies")


def _examine(system: ProofSystem) -> Finding:
    if system in NAMED_ONLY:
        detail = "proofs are named, none is verified: no verifier of it can be had"
        return Finding(_GROUP, system, State.OPTIONAL, detail, "use a program of another system")
    golden = golden_proofs().get(system)
    try:
        told = _try_golden(golden) if golden else _try_opening(system)
    except (InvalidProof, CannotVerify, ValueError) as failure:
        return Finding(_GROUP, system, State.WRONG, str(failure), _REINSTALL)
    return Finding(_GROUP, system, State.OK, f"{told}; {_key_needs(system)}")


def _try_golden(golden: GoldenProof) -> str:
    verifier = BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)
    return try_proof(verifier, golden)


def _try_opening(system: ProofSystem) -> str:
    """Open a verifier, and see it refuse what is no proof; raise `ValueError` where it does not."""
    verifier = BuiltInVerifier(system, _ANY_PROGRAM)
    try:
        verifier.verify(b"\0")
    except InvalidProof:
        version = verifier.circuit_version
        return f"circuit {version}; opened, and refuses what is no proof (proofs are large)"
    raise ValueError("one zero byte verifies")


def _key_needs(system: ProofSystem) -> str:
    if system is ProofSystem.GROTH16_BN254:
        return "needs the circuit's verifier key"
    if system in TAKES_VERIFIER_KEY:
        return "a verifier key adds a version"
    return "needs no verifier key"


def _examine_isolation() -> Finding:
    name, golden = "child processes", golden_proofs()[ProofSystem.SP1_GROTH16]
    registry = Registry([(golden.system, golden.program_vk)])
    try:
        with VerifierChildren(registry, deadline_ms=20_000) as children:
            told = try_proof(children.verifier(golden.system, golden.program_vk), golden)
    except (InvalidProof, CannotVerify, ValueError) as failure:
        advice = "engine.isolation = false verifies in threads until processes can be started"
        return Finding(_GROUP, name, State.WRONG, str(failure), advice)
    return Finding(_GROUP, name, State.OK, told)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
