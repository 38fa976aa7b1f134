"""One case: what it shows, the block, what executing it must give; checked before it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from tests.helpers.trie import list_root
from tools.vectors.execution.receipts import bloom, receipts_root
from tools.vectors.execution.scene import Sealed
from tools.vectors.execution.world import World
from tools.vectors.model import pieces, profile, render
from zkattest.conformance.cases import FORMAT
from zkattest.conformance.outcome import Outcome, Verdict, cannot_check, valid
from zkattest.conformance.static import write_claim
from zkattest.conformance.values import as_json
from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.crypto.statement import run_statement
from zkattest.node.embed import check_block
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock
from zkattest.types.execution import EMPTY_TRIE_ROOT, BlockPackage, ExecutionClaim

NO_STATEMENT: Final = bytes(43)
# How the words of the vectors begin in what the builder says of a revert.
REVERTS: Final = {
    "declared_gas_mismatch": "declared gas",
    "block_gas_limit_exceeded": "exceeds the gas limit",
    "transaction_failed": "fails:",
    "requests_failed": "requests:",
}


class ExpectationError(Exception):
    """Say in one line what a block did that its case does not say."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a case is about, in the words of its reader."""

    group: str
    name: str
    given: str
    when: str
    then: str
    tags: tuple[str, ...]

    @property
    def path(self) -> str:
        """Name the case's folder inside the pack."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it is written down."""

    story: Story
    given: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Name the case's folder inside the pack; the name ends with what is expected."""
        word = self.expected["verdict"]
        return f"{self.story.path}__{word}{'_reverted' if self.expected.get('revert') else ''}"

    def files(self) -> dict[str, bytes]:
        """Render the case's files by their path inside the pack."""
        story, path = self.story, self.path
        described = {
            "format": FORMAT,
            "name": f"execution/{path}",
            "given": story.given,
            "when": story.when,
            "then": story.then,
            "profile": profile(),
            "tags": list(story.tags),
        }
        parts = {"case": described, "input": self.given, "expected": self.expected}
        return {f"{path}/{name}.json": render(part) for name, part in parts.items()}


def make_case(
    story: Story, sealed: Sealed, *, revert: str | None = None, static: str = "valid"
) -> Case:
    """Check a block against what was written of it; raise ExpectationError at a difference."""
    claim = sealed.claim
    check_claim(story, sealed, claim)
    check_revert(story, sealed, revert)
    check_gas(story, sealed)
    package = sealed.package
    values = run_statement(package.stateless_input()).encode()
    expect(story, "root in the public values", hash_tree_root_claim(claim), values[:32])
    told = {
        "static": static_verdict(story, package, static),
        "public_values": values,
        "claim_root": values[:32],
        "claim": write_claim(claim),
        "gas_used": sealed.built.summary["gas_used"],
        "revert": revert,
        "receipts": [receipt.as_json() for receipt in sealed.receipts],
        "requests": [] if sealed.reverted else sealed.draft.requests,
        "post_state": sealed.after.changes_from(sealed.before),
    }
    return Case(story, write_input(package, sealed.before), valid(**told).to_json())


def make_hopeless_case(story: Story, package: BlockPackage, state: World, *, static: str) -> Case:
    """Check that nothing can be proven of an input: the statement's 43 bytes are zero."""
    values = run_statement(package.stateless_input()).encode()
    expect(story, "public values", NO_STATEMENT, values)
    told = {
        **cannot_check(Cause.UNREADABLE_INPUT).values,
        "static": static_verdict(story, package, static),
        "public_values": values,
    }
    expected = Outcome(Verdict.CANNOT_CHECK, as_json(told)).to_json()
    return Case(story, write_input(package, state), expected)


def check_claim(story: Story, sealed: Sealed, claim: ExecutionClaim) -> None:
    """Compare every output of the execution with the hand-written one."""
    raw = [sent.raw for sent in sealed.draft.sent]
    transactions_root = list_root(raw)
    logs = [log for receipt in sealed.receipts for log in receipt.logs]
    requests = [] if sealed.reverted else sealed.draft.requests
    hashes = b"".join(sha256(request).digest() for request in requests)
    executed = EMPTY_TRIE_ROOT if sealed.reverted else transactions_root
    outcomes = [(one.type, one.succeeded, len(one.logs)) for one in sealed.receipts]
    told = [
        (one["tx_type"], one["succeeded"], one["logs"]) for one in sealed.built.summary["receipts"]
    ]
    expect(story, "receipts (type, success, logs)", outcomes, told)
    expect(story, "reverted", sealed.reverted, claim.execution_reverted)
    expect(story, "transactions root", transactions_root, claim.transactions_root)
    expect(story, "deferred transactions root", executed, claim.deferred_transactions_root)
    expect(story, "logs bloom", bloom(logs), claim.logs_bloom)
    expect(story, "receipts root", receipts_root(sealed.receipts), claim.receipts_root)
    expect(story, "requests hash", sha256(hashes).digest(), claim.requests_hash)
    expect(story, "post-state root", sealed.after.root(), claim.post_state_root)


def check_revert(story: Story, sealed: Sealed, revert: str | None) -> None:
    """Compare why the execution was reverted."""
    told = sealed.built.summary["revert"]
    found = next((word for word, text in REVERTS.items() if text in (told or "")), None)
    expect(story, f"revert ({told})", revert, found)


def check_gas(story: Story, sealed: Sealed) -> None:
    """Compare gas that was counted by hand."""
    before = 0
    for sent, receipt in zip(sealed.draft.sent, sealed.receipts, strict=False):
        used, before = receipt.cumulative_gas - before, receipt.cumulative_gas
        if sent.used is not None:
            expect(story, "gas of a transaction", sent.used, used)


def expect(story: Story, what: str, expected: object, got: object) -> None:
    """Compare one value."""
    if isinstance(expected, bytes) and isinstance(got, bytes):
        expected, got = expected.hex(), got.hex()
    if expected != got:
        raise ExpectationError(f"{story.path}: {what}: expected {expected}, got {got}")


def static_verdict(story: Story, package: BlockPackage, expected: str) -> dict[str, Any]:
    """Check the block statically; the word is "valid", a reason or a cause."""
    try:
        check_block(package, OSAKA)
        outcome = valid()
    except InvalidBlock as refusal:
        outcome = Outcome(Verdict.INVALID, {"reason": refusal.reason.value})
    except CannotVerify as failure:
        outcome = cannot_check(failure.cause)
    verdict = outcome.to_json()
    expect(story, "static verdict", expected, list(verdict.values())[-1])
    return verdict


def write_input(package: BlockPackage, state: World) -> dict[str, Any]:
    """Write the question: the block, its witness, and the whole state for who wants that."""
    witness = package.witness
    given = {
        "chain_id": package.chain_id,
        "parent_claim": write_claim(package.parent_claim),
        "versioned_hashes": package.versioned_hashes,
        "witness": {
            "state": witness.state,
            "codes": witness.codes,
            "headers": witness.headers,
        },
        "pre_state": state.as_json(),
    }
    return {"block": pieces(package.block), **as_json(given)}
