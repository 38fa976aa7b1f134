"""Answer the two questions of an attester with one plain call each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from zkattest.crypto.blocks import decode_parent_header
from zkattest.crypto.keys import SenderHints
from zkattest.spec.binding import outputs_before_fork
from zkattest.spec.budget import DEFAULT_BUDGET, CheckBudget
from zkattest.spec.presets import OSAKA, Preset
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.spec.state_reader import NodeSource, StateReader
from zkattest.spec.static_block import ChainView, StaticReport, read_block, validate_block
from zkattest.types.errors import BlockDecodeError, WitnessError
from zkattest.types.execution import BlockPackage, OsakaHeader
from zkattest.types.ids import ProgramVk
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof
from zkattest.verify.registry import Registry


def check_block(
    package: BlockPackage,
    preset: Preset = OSAKA,
    sources: Sequence[NodeSource] = (),
    budget: CheckBudget = DEFAULT_BUDGET,
    hints: SenderHints | None = None,
) -> StaticReport:
    """
    Check the block of a package without executing it, against the parent that the package names.

    The parent's claim in the package is taken as true: bring one that you have seen proven.
    `sources` are asked in turn for trie nodes that the witness lacks; they are not trusted.
    `hints` say who may have sent what: where their keys are known, the check takes half the time.
    Raises `InvalidBlock`, or `CannotVerify` where the package does not hold what is needed, or
    where the check would take more than its budget.
    """
    if not package.witness.headers:
        raise CannotVerify(Cause.MISSING_PARENT, "the package's witness has no headers")
    try:
        block = read_block(package.block, preset, budget)
        parent_header, parent_hash = decode_parent_header(package.witness.headers[-1])
        accounts = StateReader.before(block.header, package.witness, sources, budget)
    except BlockDecodeError as failure:
        raise CannotVerify(Cause.UNREADABLE_INPUT, f"parent header: {failure}") from failure
    except WitnessError as failure:
        raise CannotVerify(Cause(failure.cause), failure.detail) from failure
    if package.parent_claim.block_hash != parent_hash:
        raise CannotVerify(Cause.MISSING_PARENT, "the parent's claim is about another block")
    # Before the fork a header speaks for itself.
    if isinstance(parent_header, OsakaHeader) and package.parent_claim != outputs_before_fork(
        parent_header
    ):
        raise CannotVerify(Cause.MISSING_PARENT, "the parent's claim is not what its header says")
    chain = ChainView(package.chain_id, parent_header, package.parent_claim)
    return validate_block(
        chain, block, accounts, package.versioned_hashes, preset, hints, budget=budget
    )


def verify_proof(
    proof: bytes,
    program_vk: ProgramVk,
    *,
    system: ProofSystem = ProofSystem.SP1,
    public_values: bytes | None = None,
    verifier_key: bytes | None = None,
) -> VerifiedProof:
    """
    Verify a proof of a program, against public values or against those it carries.

    `verifier_key` is for systems whose circuits differ: groth16-bn254, and versions of sp1-groth16
    and sp1-plonk that are not built in. Raises `InvalidProof` or `CannotVerify`.
    """
    return _verifier(system, program_vk, verifier_key).verify(proof, public_values)


@lru_cache(maxsize=16)
def _verifier(
    system: ProofSystem, program_vk: ProgramVk, verifier_key: bytes | None
) -> ProofVerifier:
    """Keep the verifiers of the programs used last; making one costs milliseconds."""
    return Registry().add(system, program_vk, verifier_key)
